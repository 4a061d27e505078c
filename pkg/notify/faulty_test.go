package notify_test

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"koppi.internal/pkg/notify/redistest"
)

// Over a connection to Redis that loses notifications, or delivers them twice or late, a reader is still notified of
// every message: by Redis, or by the poll at the latest.
func TestFaultyConnections(t *testing.T) {
	server := redistest.Start(t)
	for name, faults := range map[string]redistest.Faults{
		"loses all":  {Copies: func() int { return 0 }},
		"loses many": {Copies: func() int { return rand.IntN(2) }},
		"repeats":    {Copies: func() int { return 1 + rand.IntN(3) }},
		"slow":       {Copies: func() int { return 1 }, Delay: 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			const messages = 200
			here, there := processOver(t, server.Client()), processOver(t, server.Through(faults))
			var journal atomic.Uint64
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				there.Poll(func(context.Context) (map[string]uint64, error) {
					return map[string]uint64{"kela": journal.Load()}, nil
				}).Run(ctx)
			}()
			defer func() { stop(); <-ended }()
			notified, cancel := there.Subscribe("kela")
			defer cancel()
			go func() {
				for range messages {
					here.Notify("kela", journal.Add(1))
				}
			}()
			timeout := time.After(20 * time.Second)
			// A reader reads the journal when it is notified; it does not trust the notification.
			for read := uint64(0); read < messages; {
				select {
				case <-notified:
					read = journal.Load()
				case <-timeout:
					t.Fatalf("the reader is at %d of %d", read, messages)
				}
			}
		})
	}
}
