package accesslog

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/periodic"
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
	logLag      = telemetry.Histogram("koppi.log.lag", "s", "Age of an access log record when it was added to the transparency log.", .5, 1, 2, 5, 10, 30, 60, 300, 3600)
	logAlarms   = telemetry.Counter("koppi.log.alarms", "{alarm}", "Alarms that the transparency log lags by more than a minute.")
	unusualSeen = telemetry.Counter("koppi.unusual", "{alarm}", "Workers who read the data of unusually many clients in an hour.")
)

// Log adds new access records to the transparency log, and watches them for unusual reading. Any
// number of replicas may run it: only one of them writes at a time.
type Log struct {
	// Service whose records they are, as logs and metrics name it.
	Service string
	Log     journal.Log
	Clock   clock.Clock
	Logger  *slog.Logger
}

// Run adds new records until the context ends.
func (l *Log) Run(ctx context.Context) {
	reading, directives, alarmed := newWatch(), newDirectiveWatch(), time.Time{}
	periodic.Job{
		Name: "transparency log cannot be extended", Every: logEvery, Level: slog.LevelError, Logger: l.Logger, About: []slog.Attr{slog.String("service", l.Service)},
		Do: func(ctx context.Context) error {
			err := l.extend(ctx, reading, directives)
			if err == nil || ctx.Err() != nil {
				return err
			}
			// A lag means that the log cannot be written, since each round takes all records.
			if lag := l.lag(ctx); lag > maxLag && l.Clock.Now().Sub(alarmed) >= maxLag {
				alarmed = l.Clock.Now()
				logAlarms.Add(ctx, 1)
				l.Logger.ErrorContext(ctx, "the transparency log lags", slog.String("service", l.Service), slog.Duration("lag", lag))
			}
			return err
		},
	}.Run(ctx)
}

// extend adds all records that are not in the log.
func (l *Log) extend(ctx context.Context, reading *watch, directives *directiveWatch) error {
	for {
		records, err := transparency.Extend(ctx, l.Log)
		if err != nil && !errors.Is(err, journal.ErrLogMoved) || len(records) == 0 {
			return err
		}
		now := l.Clock.Now()
		for _, record := range records {
			if err == nil {
				logLag.Record(ctx, now.Sub(record.At).Seconds())
			}
			l.reportDirectives(ctx, directives.see(record))
			if by := reading.see(record); by != nil {
				// The alarm names the worker by the agency's own name; the records hold whose data
				// were read.
				unusualSeen.Add(ctx, 1)
				l.Logger.WarnContext(ctx, "a worker read the data of unusually many clients in an hour", slog.String("service", l.Service),
					slog.String("agency", by.GetAgency()), slog.String("worker", by.GetWorker()), slog.Int("clients", unusual))
			}
		}
	}
}

// lag returns the age of the oldest record that is not in the log; zero if all are.
func (l *Log) lag(ctx context.Context) time.Duration {
	state, err := l.Log.LogState(ctx)
	if err != nil {
		return 0
	}
	behind, err := l.Log.AccessesAfter(ctx, state.Number, 1)
	if err != nil || len(behind) == 0 {
		return 0
	}
	return l.Clock.Now().Sub(behind[0].At)
}
