package periodic_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"koppi.internal/pkg/periodic"
)

// A job runs at once, then at its interval from the end of each run, and ends with its context. A failure is
// logged and changes no interval; a failure because the context ended is not logged.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began, runs, log := time.Now(), []time.Duration{}, &bytes.Buffer{}
		periodic.Job{
			Name: "look", Every: time.Minute, Level: slog.LevelWarn, Logger: slog.New(slog.NewTextHandler(log, nil)),
			About: []slog.Attr{slog.String("service", "plan")},
			Do: func(context.Context) error {
				runs = append(runs, time.Since(began))
				time.Sleep(time.Second) // synctest's clock
				if len(runs) == 3 {
					cancel()
				}
				return errors.New("down")
			},
		}.Run(ctx)
		if want := []time.Duration{0, time.Minute + time.Second, 2*time.Minute + 2*time.Second}; !slices.Equal(runs, want) {
			t.Errorf("ran at %v, want %v", runs, want)
		}
		if lines := strings.Count(log.String(), "level=WARN msg=look service=plan error=down"); lines != 2 {
			t.Errorf("%d failures logged, want 2:\n%s", lines, log)
		}
	})
}

// A job that begins later makes its first run after an interval.
func TestLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		periodic.Job{Name: "look", Every: time.Minute, Later: true, Do: func(context.Context) error {
			cancel()
			return nil
		}}.Run(ctx)
		if late := time.Since(began); late != time.Minute {
			t.Errorf("first run after %v, want %v", late, time.Minute)
		}
	})
}

// Random intervals lie between half of the interval and one and a half of it, and differ.
func TestRandomIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var at []time.Time
		periodic.Job{Name: "look", Every: time.Minute, Random: true, Do: func(context.Context) error {
			if at = append(at, time.Now()); len(at) == 50 {
				cancel()
			}
			return nil
		}}.Run(ctx)
		seen := map[time.Duration]bool{}
		for i := range at[1:] {
			between := at[i+1].Sub(at[i])
			if seen[between] = true; between < 30*time.Second || between >= 90*time.Second {
				t.Errorf("%v between two runs", between)
			}
		}
		if len(seen) < 40 {
			t.Errorf("%d different intervals of 49", len(seen))
		}
	})
}
