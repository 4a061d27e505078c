package presence

import (
	"context"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/redis/go-redis/v9"
)

const (
	// answerTime is the timeout of a call to Redis.
	answerTime = 200 * time.Millisecond
	// blindTime is how long Redis is not asked after it failed to answer (circuit breaker).
	blindTime = 5 * time.Second
	// maxEnded is the most entries that this process keeps in memory; in Redis they are not bounded.
	maxEnded = 1 << 16
)

// Ended is a session denylist. It remembers for a time that a thing has ended, such as the session of
// somebody who signed out: in this process, and in Redis for the other processes. It is safe for concurrent
// use.
type Ended struct {
	client *redis.Client
	// here holds for each ended thing until when it is remembered.
	here *lru.Cache[string, time.Time]

	mu sync.Mutex
	// blind is until when Redis is not asked.
	blind time.Time
}

// NewEnded returns an empty denylist. Without a client, it covers only this process.
func NewEnded(client *redis.Client) (*Ended, error) {
	here, err := lru.New[string, time.Time](maxEnded)
	if err != nil {
		return nil, fmt.Errorf("presence: %w", err)
	}
	return &Ended{client: client, here: here}, nil
}

// End remembers for ttl that a thing has ended. This takes effect in this process at once; an error says that
// the other processes do not know it. A ttl of 0 or less does nothing.
func (e *Ended) End(ctx context.Context, thing string, ttl time.Duration) error {
	if ttl <= 0 {
		return nil
	}
	e.here.Add(thing, wallClock().Add(ttl))
	if e.client == nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if err := e.client.Set(limited, endedKey(thing), "", ttl).Err(); err != nil {
		return fmt.Errorf("presence: %w", err)
	}
	return nil
}

// Has reports whether a thing has ended. An error says that only the memory of this process was checked.
func (e *Ended) Has(ctx context.Context, thing string) (bool, error) {
	if until, known := e.here.Get(thing); known && wallClock().Before(until) {
		return true, nil
	}
	if e.client == nil {
		return false, nil
	}
	if e.isBlind() {
		return false, fmt.Errorf("presence: Redis did not answer a moment ago")
	}
	limited, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	found, err := e.client.Exists(limited, endedKey(thing)).Result()
	if err != nil {
		if ctx.Err() == nil {
			e.setBlind()
		}
		return false, fmt.Errorf("presence: %w", err)
	}
	return found > 0, nil
}

func endedKey(thing string) string { return "koppi:ended:" + thing }

// wallClock returns the time by which a ttl is measured.
func wallClock() time.Time { return time.Now() } //nolint:forbidigo // a time to live is of the wall clock

func (e *Ended) isBlind() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return wallClock().Before(e.blind)
}

func (e *Ended) setBlind() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.blind = wallClock().Add(blindTime)
}
