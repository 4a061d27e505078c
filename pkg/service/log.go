package service

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/telemetry"
	"koppi.internal/pkg/transparency"
)

const (
	logEvery = time.Second
	// maxLag is the age at which a record that is not yet in the log raises an alarm, and the
	// interval at which the alarm is repeated.
	maxLag = time.Minute
)

var (
	logLag      = telemetry.Histogram("koppi.log.lag", "s", "Age of a record of who looked when it came into the log.", .5, 1, 2, 5, 10, 30, 60, 300, 3600)
	logAlarms   = telemetry.Counter("koppi.log.alarms", "{alarm}", "Times that the log was found to lag by more than a minute.")
	unusualSeen = telemetry.Counter("koppi.unusual", "{alarm}", "Workers who looked at the data of unusually many clients in an hour.")
)

// logs adds new access records to the transparency log until the context ends. Any number of
// replicas may run it: only one of them writes at a time.
func (k *Kernel[S]) logs(ctx context.Context) {
	ticker := time.NewTicker(logEvery)
	defer ticker.Stop()
	watch, wishes, alarmed := newWatch(), newWishWatch(), time.Time{}
	for {
		if err := k.log(ctx, watch, wishes); err != nil && ctx.Err() == nil {
			k.Logger.ErrorContext(ctx, "transparency log", slog.String("service", k.config.Rules.Service), slog.String("error", err.Error()))
			// A lag means that the log cannot be written, since each round takes all records.
			if lag := k.lag(ctx); lag > maxLag && k.Now().Sub(alarmed) >= maxLag {
				alarmed = k.Now()
				logAlarms.Add(ctx, 1)
				k.Logger.ErrorContext(ctx, "the log of who looked lags", slog.String("service", k.config.Rules.Service), slog.Duration("lag", lag))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// log adds all records that are not in the log.
func (k *Kernel[S]) log(ctx context.Context, watch *watch, wishes *wishWatch) error {
	for {
		records, err := transparency.Extend(ctx, k.Log)
		if err != nil && !errors.Is(err, journal.ErrLogMoved) || len(records) == 0 {
			return err
		}
		now := k.Now()
		for _, record := range records {
			if err == nil {
				logLag.Record(ctx, now.Sub(record.At).Seconds())
			}
			k.reportWishes(ctx, wishes.see(record))
			if by := watch.see(record); by != nil {
				// The alarm names the worker by the agency's own name; the records hold whose data
				// were read.
				unusualSeen.Add(ctx, 1)
				k.Logger.WarnContext(ctx, "a worker looked at the data of unusually many clients in an hour", slog.String("service", k.config.Rules.Service),
					slog.String("agency", by.GetAgency()), slog.String("worker", by.GetWorker()), slog.Int("clients", unusual))
			}
		}
	}
}

// lag returns the age of the oldest record that is not in the log; zero if all are.
func (k *Kernel[S]) lag(ctx context.Context) time.Duration {
	state, err := k.Log.LogState(ctx)
	if err != nil {
		return 0
	}
	behind, err := k.Log.AccessesAfter(ctx, state.Number, 1)
	if err != nil || len(behind) == 0 {
		return 0
	}
	return k.Now().Sub(behind[0].At)
}
