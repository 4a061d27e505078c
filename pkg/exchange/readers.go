package exchange

import (
	"context"
	"sync"
	"time"

	"koppi.internal/pkg/fault"
)

const (
	// lookEvery is how late a stream learns that its consumer was opened in another process.
	lookEvery = heartbeatEvery
	// lookTime bounds one look.
	lookTime = 10 * time.Second
)

// Readers are the consumers that are open in this process. Its zero value is ready.
type Readers struct {
	mu   sync.Mutex
	open map[consumerKey]*reader
}

type consumerKey struct{ agency, name string }

type reader struct {
	takeover uint64
	end      context.CancelCauseFunc
}

// enter ends the older stream of a consumer, or this one where it is the older.
func (r *Readers) enter(key consumerKey, takeover uint64, end context.CancelCauseFunc) (leave func()) {
	mine := &reader{takeover, end}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		r.open = map[consumerKey]*reader{}
	}
	if other := r.open[key]; other != nil && other.takeover > takeover {
		end(takenOver())
		return func() {}
	} else if other != nil {
		other.end(takenOver())
	}
	r.open[key] = mine
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.open[key] == mine {
			delete(r.open, key)
		}
	}
}

// Epochs tells under which numbers consumers of agencies were last opened, by agency
// and name; beside an error those that could be told.
type Epochs func(ctx context.Context, consumers map[string][]string) (map[string]map[string]uint64, error)

// Look ends, every 20 s until the context ends, the streams whose consumers were opened in
// another process since: one look for all of them. A failed one is told to failed and made
// up for by the next.
func (r *Readers) Look(ctx context.Context, takeovers Epochs, failed func(error)) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := r.look(ctx, takeovers); err != nil && ctx.Err() == nil {
			failed(err)
		}
	}
}

func (r *Readers) look(ctx context.Context, takeovers Epochs) error {
	standing := r.standing()
	if len(standing) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	found, err := takeovers(ctx, standing)
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, mine := range r.open {
		if found[key.agency][key.name] > mine.takeover {
			mine.end(takenOver())
		}
	}
	return err
}

// standing are the consumers that are open here, by agency.
func (r *Readers) standing() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := map[string][]string{}
	for key := range r.open {
		names[key.agency] = append(names[key.agency], key.name)
	}
	return names
}

func takenOver() error {
	return fault.New(fault.TakenOver, "this consumer was opened by another reader")
}
