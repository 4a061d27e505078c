package exchange

import "sync"

// Notifications tell a line which of its mailboxes may hold more, so that it reads no others.
type Notifications struct {
	// signal has room for one: who has not looked yet is told no second time.
	signal chan struct{}

	mu sync.Mutex
	// sequences are the highest that were told of, by service.
	sequences map[string]uint64
}

// NewNotifications are of nothing yet.
func NewNotifications() *Notifications {
	return &Notifications{signal: make(chan struct{}, 1), sequences: map[string]uint64{}}
}

// Of is called when a service's mailbox has come to a sequence. It never blocks.
func (w *Notifications) Of(service string) func(sequence uint64) {
	return func(sequence uint64) {
		w.mu.Lock()
		w.sequences[service] = max(w.sequences[service], sequence)
		w.mu.Unlock()
		select {
		case w.signal <- struct{}{}:
		default:
		}
	}
}

// take tells how far the mailboxes have come of which there were wakes, and forgets it.
func (w *Notifications) take() map[string]uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	woken := w.sequences
	w.sequences = map[string]uint64{}
	return woken
}
