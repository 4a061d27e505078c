package mailbox

import (
	"context"
	"sync"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/periodic"
)

const (
	// checkEvery is how often a process checks whether a consumer was opened in another process: the older
	// stream ends at most this much later.
	checkEvery = heartbeatEvery
	// checkTime is the timeout of one check.
	checkTime = 10 * time.Second
)

// Readers are the consumers that are open in this process. The zero value is ready to use.
type Readers struct {
	mu   sync.Mutex
	open map[consumerKey]*reader
}

type consumerKey struct{ agency, name string }

type reader struct {
	epoch uint64
	end   context.CancelCauseFunc
}

// enter registers a stream as its consumer's reader. Of two streams of one consumer it ends the one with the
// lower epoch, which may be the new one.
func (r *Readers) enter(key consumerKey, epoch uint64, end context.CancelCauseFunc) (leave func()) {
	mine := &reader{epoch, end}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		r.open = map[consumerKey]*reader{}
	}
	if other := r.open[key]; other != nil && other.epoch > epoch {
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

// Epochs returns the current epochs of consumers, by agency and consumer name. Together with an error it
// returns those that could be read.
type Epochs func(ctx context.Context, consumers map[string][]string) (map[string]map[string]uint64, error)

// Check returns the job that checks every 20 s whether consumers were opened in another process, and ends their
// streams here. One query serves all consumers. The caller says where its failures are logged, and runs it.
func (r *Readers) Check(epochs Epochs) periodic.Job {
	return periodic.Job{Name: "read epochs of consumers", Every: checkEvery, Later: true, Do: func(ctx context.Context) error {
		return r.check(ctx, epochs)
	}}
}

func (r *Readers) check(ctx context.Context, epochs Epochs) error {
	open := r.consumers()
	if len(open) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	found, err := epochs(ctx, open)
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, mine := range r.open {
		if found[key.agency][key.name] > mine.epoch {
			mine.end(takenOver())
		}
	}
	return err
}

// consumers returns the names of the consumers that are open in this process, by agency.
func (r *Readers) consumers() map[string][]string {
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
