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
	// answerTime is how long Redis is waited for.
	answerTime = 200 * time.Millisecond
	// blindTime is how long it is not asked after it did not answer.
	blindTime = 5 * time.Second
	// maxEnded bounds what a process remembers by itself; Redis has no such bound.
	maxEnded = 1 << 16
)

// Ended remembers for a time what has ended, such as a session that somebody signed out
// of: in this process, and in Redis for the others. It is safe for concurrent use.
type Ended struct {
	client *redis.Client
	// here is until when a thing is remembered.
	here *lru.Cache[string, time.Time]

	mu sync.Mutex
	// blind is until when Redis is not asked.
	blind time.Time
}

// NewEnded makes it; without a client, this process is alone.
func NewEnded(client *redis.Client) (*Ended, error) {
	here, err := lru.New[string, time.Time](maxEnded)
	if err != nil {
		return nil, fmt.Errorf("presence: %w", err)
	}
	return &Ended{client: client, here: here}, nil
}

// End remembers that a thing has ended, for the time to live. It holds here at once; an
// error says that the others were not told.
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

// Has tells whether a thing has ended. An error says that only this process was asked.
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

// wallClock is what a time to live is of.
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
