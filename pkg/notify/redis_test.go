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

// process runs the hub of one process over Redis until the test ends.
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

// Notifications reach other processes. While Redis is down, some are lost and nobody is delayed; when it is up again,
// they reach other processes again.
func TestNotificationsOverRedis(t *testing.T) {
	server := redistest.Start(t)
	here, there := process(t, server), process(t, server)
	notified, cancel := there.Subscribe("kela")
	defer cancel()
	sequence := uint64(0)
	reach := func(what string) {
		t.Helper()
		timeout := time.After(30 * time.Second)
		for {
			// Subscribing takes a moment; a notification that comes before is lost.
			sequence++
			here.Notify("kela", sequence)
			select {
			case <-notified:
				return
			case <-time.After(20 * time.Millisecond):
			case <-timeout:
				t.Fatalf("%s: no notification reaches the other process", what)
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
		t.Errorf("without Redis 5000 notifications took %v", took)
	}
	<-own
	server.Up()
	reach("after a stop")
	if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	reach("after a flush")
}
