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

// Notifications that a reader has not taken yet become one, and a reader is not notified twice of a sequence, nor of
// other mailboxes, nor after it has cancelled.
func TestNotificationsCoalesceAndNeverBlock(t *testing.T) {
	hub := &notify.Hub{}
	notified, cancel := hub.Subscribe("kela")
	other, cancelOther := hub.Subscribe("hva")
	defer cancelOther()
	for i := range uint64(100) {
		hub.Notify("kela", i+1)
	}
	<-notified
	hub.Notify("kela", 100)
	hub.Notify("kela", 7)
	select {
	case <-notified:
		t.Error("notified twice of a sequence")
	case <-other:
		t.Error("notified of another mailbox")
	default:
	}
	cancel()
	hub.Notify("kela", 101)
	select {
	case <-notified:
		t.Error("notified after it cancelled")
	default:
	}
}

// A reader is notified within a second although the notification was lost, also after a poll that failed.
func TestPollMakesUpForLostNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &notify.Hub{}
		notified, cancel := hub.Subscribe("kela")
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
		<-notified
		if late := time.Since(began); late != 2*time.Second || strings.Count(log.String(), "error=busy") != 1 {
			t.Errorf("notified after %v, and logged %s", late, log)
		}
		time.Sleep(10 * time.Second) // synctest's clock
		select {
		case <-notified:
			t.Error("notified although nothing came")
		default:
		}
		stop()
		<-ended
	})
}
