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

func hear(t *testing.T, signals <-chan []byte, want string) {
	t.Helper()
	select {
	case got := <-signals:
		if string(got) != want {
			t.Fatalf("heard %q, want %q", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("%q is not heard", want)
	}
}

// Within a process each who listens to a topic hears a signal once, and who is slow
// holds nobody up.
func TestLocal(t *testing.T) {
	hub := &signal.Local{}
	first, leave := hub.Listen("a")
	second, _ := hub.Listen("a")
	other, _ := hub.Listen("b")
	hub.Send("a", []byte("1"))
	hear(t, first, "1")
	hear(t, second, "1")
	leave()
	for i := range 1000 {
		hub.Send("a", fmt.Appendf(nil, "%d", i))
	}
	hear(t, second, "0")
	if len(first) != 0 || len(other) != 0 {
		t.Error("who left, or listens to another topic, hears it")
	}
}

// Over Redis other processes hear it too, also after Redis was gone for a while; without
// Redis nobody is held up.
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
	// Subscribing takes its time: signals before it are lost, as any may be.
	reach := func(word string) {
		t.Helper()
		heard := map[string]bool{}
		for deadline := time.After(20 * time.Second); len(heard) < 2; {
			here.Send("topic", []byte(word))
			select {
			case got := <-own:
				heard["here"] = heard["here"] || string(got) == word
			case got := <-far:
				heard["there"] = heard["there"] || string(got) == word
			case <-time.After(20 * time.Millisecond):
			case <-deadline:
				t.Fatalf("%q is heard %v", word, heard)
			}
			for who, did := range heard {
				if !did {
					delete(heard, who)
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
