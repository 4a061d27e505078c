package overview

import (
	"context"
	"sync"
	"time"

	"koppi.internal/pkg/journal"
)

const (
	// ageFactor times the duration of a count is how long its result is kept: with a million open matters,
	// counting takes part of a second, and each replica's metrics are read every few seconds.
	ageFactor = 50
	// maxAge bounds the age of the counts: alarms depend on them.
	maxAge = time.Minute
)

// countCache keeps the counts of open matters, so that counting takes at most one part in ageFactor of the
// database's time. It is safe for concurrent use.
type countCache struct {
	count func(ctx context.Context, at time.Time) ([]journal.OpenMatters, error)

	mu      sync.Mutex
	counted []journal.OpenMatters
	// until is when the counts are too old, by the wall clock.
	until time.Time
}

// at returns the counts; at is the domain's time.
func (c *countCache) at(ctx context.Context, at time.Time) ([]journal.OpenMatters, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	began := time.Now() //nolint:forbidigo // the work is measured by the wall clock
	if began.Before(c.until) {
		return c.counted, nil
	}
	counted, err := c.count(ctx, at)
	if err != nil {
		return nil, err
	}
	c.counted, c.until = counted, began.Add(min(ageFactor*time.Since(began), maxAge))
	return counted, nil
}
