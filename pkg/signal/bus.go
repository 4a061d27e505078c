package signal

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/redis/go-redis/v9"
)

// maxUnsent is the most messages that wait to be published. If Redis is slow or unavailable, further messages
// are dropped.
const maxUnsent = 1024

// Bus is one Redis channel that connects the processes of a service. Messages may be lost. A sender receives
// its own messages too.
type Bus struct {
	client  *redis.Client
	channel string
	logger  *slog.Logger
	unsent  chan string
}

// NewBus returns a bus. Run must run at the same time.
func NewBus(client *redis.Client, channel string, logger *slog.Logger) *Bus {
	return &Bus{client: client, channel: channel, logger: logger, unsent: make(chan string, maxUnsent)}
}

// Send queues a message for publishing. It never blocks.
func (b *Bus) Send(message string) {
	select {
	case b.unsent <- message:
	default:
	}
}

// Run publishes messages, and passes those of others and its own to received, until the context ends. Redis may be unavailable
// at times.
func (b *Bus) Run(ctx context.Context, received func(message string)) error {
	var together sync.WaitGroup
	together.Go(func() { b.publish(ctx) })
	together.Go(func() { b.listen(ctx, received) })
	together.Wait()
	return nil
}

func (b *Bus) publish(ctx context.Context) {
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case message := <-b.unsent:
			// Send all queued messages in one round trip.
			_, err := b.client.Pipelined(ctx, func(together redis.Pipeliner) error {
				together.Publish(ctx, b.channel, message)
				for range len(b.unsent) {
					together.Publish(ctx, b.channel, <-b.unsent)
				}
				return nil
			})
			if (err != nil) != failing && ctx.Err() == nil {
				failing = err != nil
				b.logger.WarnContext(ctx, "messages over Redis", slog.String("channel", b.channel), slog.Bool("failing", failing), slog.String("error", fmt.Sprint(err)))
			}
		}
	}
}

func (b *Bus) listen(ctx context.Context, received func(string)) {
	subscription := b.client.Subscribe(ctx, b.channel)
	defer func() { _ = subscription.Close() }()
	// The channel survives lost connections: the client subscribes again.
	messages := subscription.Channel()
	for {
		select {
		case <-ctx.Done():
			return
		case message, open := <-messages:
			if !open {
				return
			}
			received(message.Payload)
		}
	}
}
