package exchange

import "sync"

// Wakes tell a line which of its mailboxes may hold more, so that it reads no others.
type Wakes struct {
	// signal has room for one: who has not looked yet is told no second time.
	signal chan struct{}

	mu       sync.Mutex
	services map[string]bool
}

// NewWakes are of nothing yet.
func NewWakes() *Wakes { return &Wakes{signal: make(chan struct{}, 1), services: map[string]bool{}} }

// Of is called when a service's mailbox may hold more. It never blocks.
func (w *Wakes) Of(service string) func() {
	return func() {
		w.mu.Lock()
		w.services[service] = true
		w.mu.Unlock()
		select {
		case w.signal <- struct{}{}:
		default:
		}
	}
}

// take tells which services there were wakes of, and forgets them.
func (w *Wakes) take() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	woken := w.services
	w.services = map[string]bool{}
	return woken
}
