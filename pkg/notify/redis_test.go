package notify_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/notify/redistest"
)

// process is one that runs on a Redis until the test ends.
func process(t *testing.T, server *redistest.Server) *notify.Redis {
	t.Helper()
	return processOver(t, server.Client())
}

func processOver(t *testing.T, client *redis.Client) *notify.Redis {
	t.Helper()
	r := notify.NewRedis(client, "concern", slog.New(slog.NewTextHandler(io.Discard, nil)))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return r
}

// Wakes reach other processes; a Redis that stops loses some and holds nobody up,
// and when it is back they reach again.
func TestWakesOverRedis(t *testing.T) {
	server := redistest.Start(t)
	here, there := process(t, server), process(t, server)
	woken, cancel := there.Subscribe("kela")
	defer cancel()
	sequence := uint64(0)
	reach := func(what string) {
		t.Helper()
		timeout := time.After(30 * time.Second)
		for {
			// A subscription takes a moment to stand; what comes before it is lost.
			sequence++
			here.Notify("kela", sequence)
			select {
			case <-woken:
				return
			case <-time.After(20 * time.Millisecond):
			case <-timeout:
				t.Fatalf("%s: no wake reaches the other process", what)
			}
		}
	}
	reach("at first")
	own, cancelOwn := here.Subscribe("kela")
	defer cancelOwn()
	server.Down()
	began := time.Now()
	for range 5000 {
		sequence++
		here.Notify("kela", sequence)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("without Redis 5000 wakes took %v", took)
	}
	<-own
	server.Up()
	reach("after a stop")
	if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	reach("after a flush")
}
