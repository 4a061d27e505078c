package matter

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/telemetry"
	"koppi.internal/pkg/transparency"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	logEvery = time.Second
	// maxLag is how old a record may get before it is in the log, until that is an alarm;
	// it is repeated as often.
	maxLag = time.Minute
)

var (
	logLag      = telemetry.Histogram("koppi.log.lag", "s", "Age of a record of who looked when it came into the log.", .5, 1, 2, 5, 10, 30, 60, 300, 3600)
	logAlarms   = telemetry.Counter("koppi.log.alarms", "{alarm}", "Times that the log was found to lag by more than a minute.")
	unusualSeen = telemetry.Counter("koppi.unusual", "{alarm}", "Workers who looked at the data of unusually many clients in an hour.")
)

// logs takes what was recorded into the transparency log, until the context ends. Any
// number of replicas may: one of them does.
func (k *Kernel[S]) logs(ctx context.Context) {
	ticker := time.NewTicker(logEvery)
	defer ticker.Stop()
	watch, wishes, alarmed := newWatch(), newWishWatch(), time.Time{}
	for {
		if err := k.log(ctx, watch, wishes); err != nil && ctx.Err() == nil {
			k.Logger.ErrorContext(ctx, "transparency log", slog.String("service", k.config.Rules.Service), slog.String("error", err.Error()))
			// It lags only where it cannot go on: it takes all that there is.
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

// log takes all that there is.
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
				// Who, by the agency's own name for its worker; whose data is in the records.
				unusualSeen.Add(ctx, 1)
				k.Logger.WarnContext(ctx, "a worker looked at the data of unusually many clients in an hour", slog.String("service", k.config.Rules.Service),
					slog.String("agency", by.GetAgency()), slog.String("worker", by.GetWorker()), slog.Int("clients", unusual))
			}
		}
	}
}

// lag is how old the oldest record is that is not in the log; zero where all are.
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

// unusual is at how many clients in an hour a worker is reported.
const unusual = 60

// watch is the one rule on unusual reading: many clients in an hour, read one by one.
type watch struct {
	// seen is when each worker last looked at each client.
	seen map[string]map[string]time.Time
	// reported is when a worker was, last.
	reported map[string]time.Time
}

func newWatch() *watch { return &watch{map[string]map[string]time.Time{}, map[string]time.Time{}} }

// see returns who is to be reported; nil for nobody. Worklists show many matters at once
// and systems read for many: they do not count.
func (w *watch) see(record journal.NumberedAccess) *commonv1.Party {
	role := identity.Role(record.Role)
	listed := record.Purpose == worklistPurpose || record.Purpose == "" && strings.Contains(record.Method, "/List")
	if record.Client == "" || len(record.Head) > 0 || listed || !role.IsWorker() {
		return nil
	}
	by := string(record.By)
	if w.seen[by] == nil {
		w.seen[by] = map[string]time.Time{}
	}
	hour := record.At.Add(-time.Hour)
	w.seen[by][record.Client] = record.At
	for client, at := range w.seen[by] {
		if !at.After(hour) {
			delete(w.seen[by], client)
		}
	}
	if len(w.seen[by]) < unusual || w.reported[by].After(hour) {
		return nil
	}
	w.reported[by] = record.At
	party := &commonv1.Party{}
	if err := proto.Unmarshal(record.By, party); err != nil {
		return nil
	}
	return party
}
