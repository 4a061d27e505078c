// Package presence holds leases, by which replicas agree which of them does a thing now. A lease ends by
// itself and is only a hint: where exactness matters, the journal decides.
package presence

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Presence grants leases, so that one of several replicas does a thing.
type Presence interface {
	// Acquire takes or renews a lease on a thing for ttl. It returns false if another holder has the lease.
	// With an error, it is unknown who has it.
	Acquire(ctx context.Context, thing, holder string, ttl time.Duration) (bool, error)
	// Release ends the lease on a thing if the holder has it.
	Release(ctx context.Context, thing, holder string) error
	// Close closes connections.
	Close() error
}

// Alone is the Presence of a process that has no other replica.
type Alone struct{}

// Acquire always returns true.
func (Alone) Acquire(context.Context, string, string, time.Duration) (bool, error) { return true, nil }

// Release does nothing.
func (Alone) Release(context.Context, string, string) error { return nil }

// Close does nothing.
func (Alone) Close() error { return nil }

// Redis is the Presence of processes that share a Redis server.
type Redis struct{ client *redis.Client }

// NewRedis returns a Presence that owns the client from then on.
func NewRedis(client *redis.Client) *Redis { return &Redis{client} }

// Redis runs each script atomically, so that nothing changes between the check and the write.
var (
	hold = redis.NewScript(`
		local holder = redis.call('GET', KEYS[1])
		if holder and holder ~= ARGV[1] then return 0 end
		redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
		return 1`)
	leave = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1`)
)

func key(thing string) []string { return []string{"koppi:presence:" + thing} }

// Acquire takes or renews the lease in Redis.
func (r *Redis) Acquire(ctx context.Context, thing, holder string, ttl time.Duration) (bool, error) {
	held, err := hold.Run(ctx, r.client, key(thing), holder, ttl.Milliseconds()).Bool()
	if err != nil {
		return false, fmt.Errorf("presence: %w", err)
	}
	return held, nil
}

// Release ends the lease in Redis.
func (r *Redis) Release(ctx context.Context, thing, holder string) error {
	if err := leave.Run(ctx, r.client, key(thing), holder).Err(); err != nil {
		return fmt.Errorf("presence: %w", err)
	}
	return nil
}

// Close closes the client.
func (r *Redis) Close() error { return r.client.Close() }
