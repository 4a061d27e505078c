// Package periodic repeats work at an interval. Everything that Koppi does again and again without a
// caller goes through it.
package periodic

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Job is work that is repeated.
type Job struct {
	// Name is the log message of failures.
	Name string
	// Every is the time between the end of one run and the beginning of the next.
	Every time.Duration
	// Random makes each interval a random one, from half of Every to one and a half of it.
	Random bool
	// Later makes the first run begin after an interval. Without it, the first run begins at once.
	Later bool
	// Do is one run. Its error is logged, and does not change the next run.
	Do func(ctx context.Context) error
	// Level of the log records of failures.
	Level slog.Level
	// Logger may be nil if Do returns no errors.
	Logger *slog.Logger
	// About are added to the log records of failures.
	About []slog.Attr
}

// Run runs the job at once, or later, and then at its interval, until the context ends.
func (j Job) Run(ctx context.Context) {
	timer := time.NewTimer(j.first())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if err := j.Do(ctx); err != nil && ctx.Err() == nil {
			j.Logger.LogAttrs(ctx, j.Level, j.Name, append(j.About[:len(j.About):len(j.About)], slog.String("error", err.Error()))...)
		}
		timer.Reset(j.interval())
	}
}

func (j Job) first() time.Duration {
	if j.Later {
		return j.interval()
	}
	return 0
}

func (j Job) interval() time.Duration {
	if !j.Random {
		return j.Every
	}
	return j.Every/2 + rand.N(j.Every) //nolint:gosec // no secret: it spreads
}
