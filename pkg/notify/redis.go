package notify

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"koppi.internal/pkg/periodic"
	"koppi.internal/pkg/signal"
)

// Notifier passes notifications on and lets readers wait for them: Hub within one process, Redis among
// several.
type Notifier interface {
	Notify(agency string, sequence uint64)
	Subscribe(agency string) (notified <-chan struct{}, cancel func())
	Join(agency string, notified func(sequence uint64)) (cancel func())
	Poll(sequences func(context.Context) (map[string]uint64, error)) periodic.Job
}

var (
	_ Notifier = (*Hub)(nil)
	_ Notifier = (*Redis)(nil)
)

// Redis is a Hub that also exchanges notifications with other processes over one Redis channel. Poll makes up
// for notifications that Redis loses.
type Redis struct {
	Hub

	bus *signal.Bus
}

// NewRedis returns a hub for a service's mailboxes. Run must run at the same time.
func NewRedis(client *redis.Client, service string, logger *slog.Logger) *Redis {
	return &Redis{bus: signal.NewBus(client, "koppi:wake:"+service, logger)}
}

// Notify notifies readers in this process and in the others. It never blocks.
func (r *Redis) Notify(agency string, sequence uint64) {
	r.Hub.Notify(agency, sequence)
	r.bus.Send(fmt.Sprintf("%s %d", agency, sequence))
}

// Run publishes and receives notifications until the context ends. Redis may be unavailable at times.
func (r *Redis) Run(ctx context.Context) error {
	return r.bus.Run(ctx, func(message string) {
		agency, number, _ := strings.Cut(message, " ")
		if sequence, err := strconv.ParseUint(number, 10, 64); err == nil {
			r.Hub.Notify(agency, sequence)
		}
	})
}
