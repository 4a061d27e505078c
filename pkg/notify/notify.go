// Package notify tells readers in this process that a mailbox has advanced. It is
// a hint and never the truth: who is woken reads the journal, and Poll makes up
// for every wake that was lost.
package notify

import "sync"

// Hub passes wakes on. Its zero value is ready.
type Hub struct {
	mu      sync.Mutex
	known   map[string]uint64
	waiting map[string]map[*func(uint64)]struct{}
}

// Notify tells that an agency's mailbox has come to a sequence and wakes whoever
// waits for it, unless they were woken for that sequence before. It never blocks:
// a reader that has not taken its last wake gets no second one.
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
	for woken := range h.waiting[agency] {
		(*woken)(sequence)
	}
}

// Subscribe waits for wakes of an agency's mailbox until cancelled. What came
// before is not told: subscribe first and then read.
func (h *Hub) Subscribe(agency string) (woken <-chan struct{}, cancel func()) {
	channel := make(chan struct{}, 1)
	return channel, h.Join(agency, func(uint64) {
		select {
		case channel <- struct{}{}:
		default:
		}
	})
}

// Join is Subscribe with a function that is called instead, with the sequence; it must not
// block.
func (h *Hub) Join(agency string, woken func(sequence uint64)) (cancel func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting == nil {
		h.waiting = map[string]map[*func(uint64)]struct{}{}
	}
	if h.waiting[agency] == nil {
		h.waiting[agency] = map[*func(uint64)]struct{}{}
	}
	h.waiting[agency][&woken] = struct{}{}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiting[agency], &woken)
		if len(h.waiting[agency]) == 0 {
			delete(h.waiting, agency)
		}
	}
}
