package lease

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"koppi.internal/pkg/periodic"
)

// Election makes one of several replicas the leader, which does a thing. It is the only loop that acquires,
// renews and releases a lease.
type Election struct {
	Leases Leases
	// Name of the lease.
	Name string
	// TTL is how long a lease lasts: so long other replicas wait after the leader has died.
	TTL time.Duration
	// Every is how often a replica tries to acquire the lease, and how often the leader renews it; 0 is a
	// third of TTL.
	Every time.Duration
	// Unchecked is how long a replica waits before it leads although it cannot check the lease.
	Unchecked time.Duration
	Logger    *slog.Logger
}

// releaseTime is the timeout of the release of a lease when the process ends.
const releaseTime = time.Second

// errLost is why the context of a leader ends.
var errLost = errors.New("lease: another replica has the lease")

// Lead calls lead whenever this replica is the leader, until the context ends, and then releases the lease.
// lead must return when its context ends, which it does when another replica has the lease. A lease that
// cannot be renewed does not end it: no other replica can be seen to have it, and those that wait for it lead
// after Unchecked. If lead returns before its context ends, another replica leads although this one has the
// lease; the lease then stays as it is for a TTL.
func (e Election) Lead(ctx context.Context, lead func(ctx context.Context)) {
	for e.elected(ctx) {
		if lost := e.term(ctx, lead); !lost {
			select {
			case <-time.After(e.TTL):
			case <-ctx.Done():
			}
		}
	}
	e.release(ctx)
}

// elected waits until this replica is the leader: it acquired the lease, or could not check it for longer
// than Unchecked. It is false if the context ended.
func (e Election) elected(ctx context.Context) bool {
	waiting, end := context.WithCancel(ctx)
	defer end()
	var unchecked time.Time
	e.repeat(waiting, false, func() {
		held, err := e.Leases.Acquire(waiting, e.Name, e.TTL)
		now := time.Now() //nolint:forbidigo // a lease is of the wall clock
		switch {
		case held:
			end()
		case err == nil:
			unchecked = time.Time{}
		case unchecked.IsZero():
			unchecked = now
		case now.Sub(unchecked) > e.Unchecked:
			end()
		}
	})
	return ctx.Err() == nil
}

// term calls lead, and renews the lease until lead returns. It reports whether the lease was lost.
func (e Election) term(ctx context.Context, lead func(ctx context.Context)) (lost bool) {
	ctx, end := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		e.repeat(ctx, true, func() {
			if held, err := e.Leases.Acquire(ctx, e.Name, e.TTL); err == nil && !held {
				end(errLost)
			}
		})
	})
	lead(ctx)
	lost = errors.Is(context.Cause(ctx), errLost)
	end(nil)
	renewing.Wait()
	if lost {
		e.Logger.InfoContext(ctx, "lease lost to another replica", slog.String("lease", e.Name))
	}
	return lost
}

// repeat calls do every interval until the context ends. A lease that cannot be checked is not logged: the
// Redis client logs that, and a metric shows it.
func (e Election) repeat(ctx context.Context, later bool, do func()) {
	periodic.Job{Name: "lease " + e.Name, Every: cmp.Or(e.Every, e.TTL/3), Later: later, Do: func(context.Context) error {
		do()
		return nil
	}}.Run(ctx)
}

// release ends the lease, so that another replica can acquire it at once. It runs after the context ended.
func (e Election) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	if err := e.Leases.Release(ctx, e.Name); err != nil {
		e.Logger.InfoContext(ctx, "lease not released", slog.String("lease", e.Name), slog.String("error", err.Error()))
	}
}
