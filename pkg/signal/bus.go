package signal

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/redis/go-redis/v9"
)

// maxUnsent is how many messages wait to be published; with a Redis that is slow or
// gone further ones are dropped.
const maxUnsent = 1024

// Bus is one Redis channel on which the processes of a service hear each other. What is
// sent may be lost, and who sends hears it too.
type Bus struct {
	client  *redis.Client
	channel string
	logger  *slog.Logger
	unsent  chan string
}

// NewBus makes a bus. Run must run beside it.
func NewBus(client *redis.Client, channel string, logger *slog.Logger) *Bus {
	return &Bus{client: client, channel: channel, logger: logger, unsent: make(chan string, maxUnsent)}
}

// Send publishes. It never blocks.
func (b *Bus) Send(message string) {
	select {
	case b.unsent <- message:
	default:
	}
}

// Run publishes, and passes what is heard on, until the context ends. Redis may come
// and go.
func (b *Bus) Run(ctx context.Context, heard func(message string)) error {
	var together sync.WaitGroup
	together.Go(func() { b.publish(ctx) })
	together.Go(func() { b.listen(ctx, heard) })
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
			// What waits behind it goes along in one round trip.
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

func (b *Bus) listen(ctx context.Context, heard func(string)) {
	subscription := b.client.Subscribe(ctx, b.channel)
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
			heard(message.Payload)
		}
	}
}
