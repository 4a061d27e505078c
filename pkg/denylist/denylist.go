// Package denylist remembers what may no longer be used, such as the session of a person who signed out.
package denylist

import (
	"context"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/redis/go-redis/v9"

	"koppi.internal/pkg/breaker"
)

const (
	// answerTime is the timeout of a call to Redis.
	answerTime = 200 * time.Millisecond
	// maxLocal is the most entries that this process keeps in memory; in Redis they are not bounded.
	maxLocal = 1 << 16
)

// Denylist remembers each entry for a time: in this process, and in Redis for the other processes. It is safe
// for concurrent use.
type Denylist struct {
	client *redis.Client
	// local holds until when each entry is remembered.
	local *lru.Cache[string, time.Time]
	// circuit is that of reads: the answer is how many of the keys exist.
	circuit *breaker.Breaker[int64]
}

// New returns an empty denylist. Without a client, it covers only this process.
func New(client *redis.Client) (*Denylist, error) {
	local, err := lru.New[string, time.Time](maxLocal)
	if err != nil {
		return nil, fmt.Errorf("denylist: %w", err)
	}
	return &Denylist{client: client, local: local, circuit: breaker.New[int64](answerTime)}, nil
}

// Add remembers an entry for ttl. This takes effect in this process at once; an error says that the other
// processes do not know it. A ttl of 0 or less does nothing.
func (d *Denylist) Add(ctx context.Context, entry string, ttl time.Duration) error {
	if ttl <= 0 {
		return nil
	}
	d.local.Add(entry, wallClock().Add(ttl))
	if d.client == nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if err := d.client.Set(limited, key(entry), "", ttl).Err(); err != nil {
		return fmt.Errorf("denylist: %w", err)
	}
	return nil
}

// Has reports whether the list has an entry. An error says that only the memory of this process was checked.
func (d *Denylist) Has(ctx context.Context, entry string) (bool, error) {
	if until, known := d.local.Get(entry); known && wallClock().Before(until) {
		return true, nil
	}
	if d.client == nil {
		return false, nil
	}
	found, err := d.circuit.Do(ctx, func(ctx context.Context) (int64, error) {
		return d.client.Exists(ctx, key(entry)).Result()
	})
	if err != nil {
		return false, fmt.Errorf("denylist: %w", err)
	}
	return found > 0, nil
}

func key(entry string) string { return "koppi:ended:" + entry }

// wallClock returns the time by which a ttl is measured.
func wallClock() time.Time { return time.Now() } //nolint:forbidigo // a time to live is of the wall clock
