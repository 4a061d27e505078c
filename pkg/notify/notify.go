// Package notify notifies readers in this process that a mailbox has advanced. A notification is only a hint:
// the notified reader reads the journal, and Poll makes up for lost notifications.
package notify

import "sync"

// Hub passes notifications on. The zero value is ready to use.
type Hub struct {
	mu      sync.Mutex
	known   map[string]uint64
	waiting map[string]map[*func(uint64)]struct{}
}

// Notify says that an agency's mailbox has reached a sequence, and notifies the readers that wait for it,
// unless they were notified of that sequence before. It never blocks: a reader that has not yet taken its
// last notification gets no second one.
func (h *Hub) Notify(agency string, sequence uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if sequence <= h.known[agency] {
		return
	}
	if h.known == nil {
		h.known = map[string]uint64{}
	}
	h.known[agency] = sequence
	for notified := range h.waiting[agency] {
		(*notified)(sequence)
	}
}

// Subscribe returns a channel of notifications of an agency's mailbox, until cancel is called. It does not
// report earlier messages: subscribe first, then read.
func (h *Hub) Subscribe(agency string) (notified <-chan struct{}, cancel func()) {
	channel := make(chan struct{}, 1)
	return channel, h.Join(agency, func(uint64) {
		select {
		case channel <- struct{}{}:
		default:
		}
	})
}

// Join is Subscribe with a callback, which gets the sequence and must not block.
func (h *Hub) Join(agency string, notified func(sequence uint64)) (cancel func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting == nil {
		h.waiting = map[string]map[*func(uint64)]struct{}{}
	}
	if h.waiting[agency] == nil {
		h.waiting[agency] = map[*func(uint64)]struct{}{}
	}
	h.waiting[agency][&notified] = struct{}{}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiting[agency], &notified)
		if len(h.waiting[agency]) == 0 {
			delete(h.waiting, agency)
		}
	}
}
