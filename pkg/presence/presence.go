// Package presence tells replicas who of them is at something now. It is a hint with
// a time to live and never the truth: where it matters, the journal settles it.
package presence

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Presence lets one of several replicas be the one that does a thing.
type Presence interface {
	// Acquire tells whether the thing is the holder's for the time to live: it was
	// nobody's, or the holder's already. An error is no answer.
	Acquire(ctx context.Context, thing, holder string, ttl time.Duration) (bool, error)
	// Release gives the thing up, where it is the holder's.
	Release(ctx context.Context, thing, holder string) error
	// Close releases connections.
	Close() error
}

// Alone is the presence of a process that has no other beside it.
type Alone struct{}

// Acquire is always true.
func (Alone) Acquire(context.Context, string, string, time.Duration) (bool, error) { return true, nil }

// Release does nothing.
func (Alone) Release(context.Context, string, string) error { return nil }

// Close does nothing.
func (Alone) Close() error { return nil }

// Redis is the presence of processes that share a Redis.
type Redis struct{ client *redis.Client }

// NewRedis makes it; the client is its own from then on.
func NewRedis(client *redis.Client) *Redis { return &Redis{client} }

// Each script is one step for Redis: nobody comes between the look and the change.
var (
	hold = redis.NewScript(`
		local holder = redis.call('GET', KEYS[1])
		if holder and holder ~= ARGV[1] then return 0 end
		redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
		return 1`)
	leave = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1`)
)

func key(thing string) []string { return []string{"koppi:presence:" + thing} }

// Acquire asks Redis.
func (r *Redis) Acquire(ctx context.Context, thing, holder string, ttl time.Duration) (bool, error) {
	held, err := hold.Run(ctx, r.client, key(thing), holder, ttl.Milliseconds()).Bool()
	if err != nil {
		return false, fmt.Errorf("presence: %w", err)
	}
	return held, nil
}

// Release tells Redis.
func (r *Redis) Release(ctx context.Context, thing, holder string) error {
	if err := leave.Run(ctx, r.client, key(thing), holder).Err(); err != nil {
		return fmt.Errorf("presence: %w", err)
	}
	return nil
}

// Close closes the client.
func (r *Redis) Close() error { return r.client.Close() }
