package wake

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Waker passes wakes on and lets readers wait for them: a Hub within a process, a
// Redis among several.
type Waker interface {
	Notify(agency string, sequence uint64)
	Subscribe(agency string) (woken <-chan struct{}, cancel func())
	Join(agency string, woken chan struct{}) (cancel func())
	Poll(ctx context.Context, heads func(context.Context) (map[string]uint64, error), failed func(error))
}

var (
	_ Waker = (*Hub)(nil)
	_ Waker = (*Redis)(nil)
)

// maxUnsent is how many wakes wait to be published; with a Redis that is slow or
// gone further ones are dropped, and the slow poll makes up for them.
const maxUnsent = 1024

// Redis is a hub that also wakes, and is woken by, the other processes on one
// Redis channel. One subscription serves all readers of the process.
type Redis struct {
	Hub

	client  *redis.Client
	channel string
	logger  *slog.Logger
	unsent  chan string
}

// NewRedis makes a hub for a service's mailboxes. Run must run beside it.
func NewRedis(client *redis.Client, service string, logger *slog.Logger) *Redis {
	return &Redis{client: client, channel: "koppi:wake:" + service, logger: logger, unsent: make(chan string, maxUnsent)}
}

// Notify wakes readers here and in other processes. It never blocks.
func (r *Redis) Notify(agency string, sequence uint64) {
	r.Hub.Notify(agency, sequence)
	select {
	case r.unsent <- fmt.Sprintf("%s %d", agency, sequence):
	default:
	}
}

// Run publishes and listens until the context ends. Redis may come and go.
func (r *Redis) Run(ctx context.Context) error {
	var together sync.WaitGroup
	together.Go(func() { r.publish(ctx) })
	together.Go(func() { r.listen(ctx) })
	together.Wait()
	return nil
}

func (r *Redis) publish(ctx context.Context) {
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case message := <-r.unsent:
			err := r.client.Publish(ctx, r.channel, message).Err()
			if (err != nil) != failing && ctx.Err() == nil {
				failing = err != nil
				r.logger.WarnContext(ctx, "wakes over Redis", slog.Bool("failing", failing), slog.String("error", fmt.Sprint(err)))
			}
		}
	}
}

func (r *Redis) listen(ctx context.Context) {
	subscription := r.client.Subscribe(ctx, r.channel)
	defer func() { _ = subscription.Close() }()
	// The channel outlives cuts: the client subscribes again.
	messages := subscription.Channel()
	for {
		select {
		case <-ctx.Done():
			return
		case message, open := <-messages:
			if !open {
				return
			}
			agency, number, _ := strings.Cut(message.Payload, " ")
			if sequence, err := strconv.ParseUint(number, 10, 64); err == nil {
				r.Hub.Notify(agency, sequence)
			}
		}
	}
}
