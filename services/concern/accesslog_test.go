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

// logged keeps what is logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *logged) Write(text []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(text)
}

func (h *logged) times(words string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Count(h.text.String(), words)
}

// An access log that cannot be extended raises an alarm once a record is older than a minute.
func TestLaggingAccessLogRaisesAlarm(t *testing.T) {
	for name, test := range map[string]struct {
		old   time.Duration
		alarm bool
	}{"fresh": {30 * time.Second, false}, "old": {2 * time.Minute, true}} {
		t.Run(name, func(t *testing.T) {
			messages := &logged{}
			var now *clock.Adjustable
			service, _ := start(t, func(deps *service.Deps) {
				var err error
				if now, err = clock.Open(t.Context(), deps.Settings, time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)); err != nil {
					t.Fatal(err)
				}
				deps.Clock, deps.Log, deps.Logger = now, stuck{deps.Log}, slog.New(slog.NewTextHandler(messages, nil))
			})
			submitted(t, service, report())
			if err := now.AdvanceTo(t.Context(), now.Now().Add(test.old)); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- service.Run(ctx) }()
			defer func() { stop(); <-ended }()
			// The second attempt shows that the first is complete.
			eventually(t, "the log is extended twice", func() bool { return messages.times("the disk is full") > 1 })
			if alarmed := messages.times("the transparency log lags") > 0; alarmed != test.alarm {
				t.Errorf("alarmed: %v", alarmed)
			}
		})
	}
}
