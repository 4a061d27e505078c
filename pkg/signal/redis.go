package signal

import (
	"context"
	"log/slog"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Redis is a Hub for all processes that share a Redis server. One subscription serves all listeners of a
// process. A sender too receives its signals only by way of Redis, so that each listener gets a signal once;
// without Redis no listener gets any.
type Redis struct {
	local Local
	bus   *Bus
}

// NewRedis returns the hub of a service. Run must run at the same time.
func NewRedis(client *redis.Client, service string, logger *slog.Logger) *Redis {
	return &Redis{bus: NewBus(client, "koppi:signal:"+service, logger)}
}

// Listen returns the signals about a topic that any process sends.
func (r *Redis) Listen(topic string) (<-chan []byte, func()) { return r.local.Listen(topic) }

// Send publishes a signal.
func (r *Redis) Send(topic string, signal []byte) { r.bus.Send(topic + "\n" + string(signal)) }

// Run publishes and receives signals until the context ends.
func (r *Redis) Run(ctx context.Context) error {
	return r.bus.Run(ctx, func(message string) {
		if topic, signal, ok := strings.Cut(message, "\n"); ok {
			r.local.Send(topic, []byte(signal))
		}
	})
}
