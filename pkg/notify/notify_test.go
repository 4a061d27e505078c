package notify_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"koppi.internal/pkg/notify"
)

func TestWakesCoalesceAndNeverBlock(t *testing.T) {
	hub := &notify.Hub{}
	woken, cancel := hub.Subscribe("kela")
	other, cancelOther := hub.Subscribe("hva")
	defer cancelOther()
	for i := range uint64(100) {
		hub.Notify("kela", i+1)
	}
	<-woken
	hub.Notify("kela", 100)
	hub.Notify("kela", 7)
	select {
	case <-woken:
		t.Error("woken twice for the same")
	case <-other:
		t.Error("another's mailbox woke me")
	default:
	}
	cancel()
	hub.Notify("kela", 101)
	select {
	case <-woken:
		t.Error("woken after leaving")
	default:
	}
}

// A lost wake is made up for within a second, also after a look that failed.
func TestPollMakesUpForLostWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &notify.Hub{}
		woken, cancel := hub.Subscribe("kela")
		defer cancel()
		ctx, stop := context.WithCancel(t.Context())
		polls, log := 0, &bytes.Buffer{}
		ended := make(chan struct{})
		began := time.Now()
		go func() {
			defer close(ended)
			poll := hub.Poll(func(context.Context) (map[string]uint64, error) {
				if polls++; polls == 1 {
					return nil, errors.New("busy")
				}
				return map[string]uint64{"kela": 1}, nil
			})
			poll.Logger = slog.New(slog.NewTextHandler(log, nil))
			poll.Run(ctx)
		}()
		<-woken
		if late := time.Since(began); late != 2*time.Second || strings.Count(log.String(), "error=busy") != 1 {
			t.Errorf("woken after %v, and logged %s", late, log)
		}
		time.Sleep(10 * time.Second) // of the bubble's time: nobody waits
		select {
		case <-woken:
			t.Error("woken although nothing came")
		default:
		}
		stop()
		<-ended
	})
}
