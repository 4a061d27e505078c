// Package lease grants leases, by which replicas agree which of them does a thing now. A lease ends by itself
// and is only a hint: where exactness matters, the journal decides.
package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bsm/redislock"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// Leases grants leases to one holder, which is a process or a part of it.
type Leases interface {
	// Acquire takes or renews the lease of a name for ttl. It returns false if another holder has the lease.
	// With an error, it is unknown who has it.
	Acquire(ctx context.Context, name string, ttl time.Duration) (bool, error)
	// Release ends the lease of a name if this holder has it.
	Release(ctx context.Context, name string) error
	// Close closes connections.
	Close() error
}

// Alone is the Leases of a process that has no other replica.
type Alone struct{}

// Acquire always returns true.
func (Alone) Acquire(context.Context, string, time.Duration) (bool, error) { return true, nil }

// Release does nothing.
func (Alone) Release(context.Context, string) error { return nil }

// Close does nothing.
func (Alone) Close() error { return nil }

// Redis is the Leases of processes that share a Redis server. Each Redis is a holder of its own.
type Redis struct {
	client *redis.Client
	locks  *redislock.Client
	// holder is the token of all locks of this holder, and the value of their keys. With it, Obtain renews a
	// lock that this holder has, also one of which it does not know because the answer was lost. Tokens have
	// one length, because redislock takes a lock whose value begins with the token for one's own.
	holder *redislock.Options
}

// NewRedis returns a holder, which owns the client from then on.
func NewRedis(client *redis.Client) *Redis {
	return &Redis{client: client, locks: redislock.New(client), holder: &redislock.Options{Token: uuid.NewString()}}
}

// key is the key of a lease in Redis. Processes of the previous version use the same key and value.
func key(name string) string { return "koppi:presence:" + name }

// Acquire takes or renews the lease in Redis.
func (r *Redis) Acquire(ctx context.Context, name string, ttl time.Duration) (bool, error) {
	_, err := r.locks.Obtain(ctx, key(name), ttl, r.holder)
	if errors.Is(err, redislock.ErrNotObtained) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lease: %w", err)
	}
	return true, nil
}

// releaseTTL bounds how long a lease stands whose release failed half-way.
const releaseTTL = time.Second

// Release ends the lease in Redis. It obtains the lock again first, because the lease may have been acquired
// by a call whose answer was lost.
func (r *Redis) Release(ctx context.Context, name string) error {
	lock, err := r.locks.Obtain(ctx, key(name), releaseTTL, r.holder)
	if err == nil {
		err = lock.Release(ctx)
	}
	if err != nil && !errors.Is(err, redislock.ErrNotObtained) && !errors.Is(err, redislock.ErrLockNotHeld) {
		return fmt.Errorf("lease: %w", err)
	}
	return nil
}

// Close closes the client.
func (r *Redis) Close() error { return r.client.Close() }
