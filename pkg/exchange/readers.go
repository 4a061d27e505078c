package exchange

import (
	"context"
	"sync"

	"koppi.internal/pkg/fault"
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

func takenOver() error {
	return fault.New(fault.TakenOver, "this consumer was opened by another reader")
}
