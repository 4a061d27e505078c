package signal_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"koppi.internal/pkg/notify/redistest"
	"koppi.internal/pkg/signal"
)

// receive checks the next signal.
func receive(t *testing.T, signals <-chan []byte, want string) {
	t.Helper()
	select {
	case got := <-signals:
		if string(got) != want {
			t.Fatalf("received %q, want %q", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("%q is not received", want)
	}
}

// Within a process, each listener of a topic gets a signal once, and a slow listener delays nobody.
func TestLocal(t *testing.T) {
	hub := &signal.Local{}
	first, leave := hub.Listen("a")
	second, _ := hub.Listen("a")
	other, _ := hub.Listen("b")
	hub.Send("a", []byte("1"))
	receive(t, first, "1")
	receive(t, second, "1")
	leave()
	for i := range 1000 {
		hub.Send("a", fmt.Appendf(nil, "%d", i))
	}
	receive(t, second, "0")
	if len(first) != 0 || len(other) != 0 {
		t.Error("a listener that cancelled, or listens to another topic, gets the signal")
	}
}

// Over Redis, listeners in other processes get the signals too, also after Redis was down for a while. Without Redis
// nobody is delayed.
func TestRedis(t *testing.T) {
	server := redistest.Start(t)
	start := func() *signal.Redis {
		hub := signal.NewRedis(server.Client(), "consultation", slog.New(slog.NewTextHandler(io.Discard, nil)))
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- hub.Run(ctx) }()
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		return hub
	}
	here, there := start(), start()
	own, _ := here.Listen("topic")
	far, _ := there.Listen("topic")
	// Subscribing takes a moment; signals that are sent before are lost.
	reach := func(word string) {
		t.Helper()
		received := map[string]bool{}
		for deadline := time.After(20 * time.Second); len(received) < 2; {
			here.Send("topic", []byte(word))
			select {
			case got := <-own:
				received["here"] = received["here"] || string(got) == word
			case got := <-far:
				received["there"] = received["there"] || string(got) == word
			case <-time.After(20 * time.Millisecond):
			case <-deadline:
				t.Fatalf("%q is received %v", word, received)
			}
			for who, did := range received {
				if !did {
					delete(received, who)
				}
			}
		}
	}
	reach("before")
	server.Down()
	for range 5000 {
		here.Send("topic", []byte("lost"))
	}
	server.Up()
	reach("after")
}
