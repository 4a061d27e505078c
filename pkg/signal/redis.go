package signal

import (
	"context"
	"log/slog"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Redis is a hub over the processes on one Redis. One subscription serves all listeners
// of a process. Who sends hears it by the way of Redis too, so that each hears it once;
// without Redis nobody hears anything.
type Redis struct {
	local Local
	bus   *Bus
}

// NewRedis makes the hub of a service. Run must run beside it.
func NewRedis(client *redis.Client, service string, logger *slog.Logger) *Redis {
	return &Redis{bus: NewBus(client, "koppi:signal:"+service, logger)}
}

// Listen hears what is sent by any process.
func (r *Redis) Listen(topic string) (<-chan []byte, func()) { return r.local.Listen(topic) }

// Send publishes a signal.
func (r *Redis) Send(topic string, signal []byte) { r.bus.Send(topic + "\n" + string(signal)) }

// Run publishes and listens until the context ends.
func (r *Redis) Run(ctx context.Context) error {
	return r.bus.Run(ctx, func(message string) {
		if topic, signal, ok := strings.Cut(message, "\n"); ok {
			r.local.Send(topic, []byte(signal))
		}
	})
}
