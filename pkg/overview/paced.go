package overview

import (
	"context"
	"sync"
	"time"

	"koppi.internal/pkg/journal"
)

const (
	// rest is how many times longer than the counting lasted the counts are reported again before matters are
	// counted anew: with a million open matters, counting takes part of a second, and metrics are read every
	// few seconds, by each replica.
	rest = 50
	// maxRest bounds the age of the counts: alarms rest on them.
	maxRest = time.Minute
)

// paced counts the open matters, and takes at most one part in rest of the database's time for it. It is
// safe for concurrent use.
type paced struct {
	count func(ctx context.Context, at time.Time) ([]journal.OpenMatters, error)

	mu      sync.Mutex
	counted []journal.OpenMatters
	// until is when the counts are too old, by the wall clock.
	until time.Time
}

// at returns the counts; at is the domain's time.
func (p *paced) at(ctx context.Context, at time.Time) ([]journal.OpenMatters, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	began := time.Now() //nolint:forbidigo // the work is measured by the wall clock
	if began.Before(p.until) {
		return p.counted, nil
	}
	counted, err := p.count(ctx, at)
	if err != nil {
		return nil, err
	}
	p.counted, p.until = counted, began.Add(min(rest*time.Since(began), maxRest))
	return counted, nil
}
