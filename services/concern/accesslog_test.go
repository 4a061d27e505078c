package concern_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/service"
)

// stuck is a log that cannot be extended.
type stuck struct{ journal.Log }

func (stuck) ExtendLog(context.Context, journal.LogState, journal.LogState, [][]byte) error {
	return errors.New("the disk is full")
}

// heard keeps what is logged.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(text []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(text)
}

func (h *heard) times(words string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Count(h.text.String(), words)
}

// Given that the log of who looked cannot be extended, when a record is older than a
// minute, that is an alarm; not before.
func TestLaggingAccessLogRaisesAlarm(t *testing.T) {
	for name, test := range map[string]struct {
		old   time.Duration
		alarm bool
	}{"fresh": {30 * time.Second, false}, "old": {2 * time.Minute, true}} {
		t.Run(name, func(t *testing.T) {
			heard := &heard{}
			var now *clock.Adjustable
			service, _ := start(t, func(deps *service.Deps) {
				var err error
				if now, err = clock.Open(t.Context(), deps.Settings, time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)); err != nil {
					t.Fatal(err)
				}
				deps.Clock, deps.Log, deps.Logger = now, stuck{deps.Log}, slog.New(slog.NewTextHandler(heard, nil))
			})
			submitted(t, service, report())
			if err := now.AdvanceTo(t.Context(), now.Now().Add(test.old)); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- service.Run(ctx) }()
			defer func() { stop(); <-ended }()
			// Once it is tried again, all that follows the first try has happened.
			eventually(t, "it is tried", func() bool { return heard.times("the disk is full") > 1 })
			if alarmed := heard.times("the transparency log lags") > 0; alarmed != test.alarm {
				t.Errorf("alarmed: %v", alarmed)
			}
		})
	}
}
