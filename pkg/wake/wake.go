// Package wake tells readers in this process that a mailbox has advanced. It is
// a hint and never the truth: who is woken reads the journal, and Poll makes up
// for every wake that was lost.
package wake

import "sync"

// Hub passes wakes on. Its zero value is ready.
type Hub struct {
	mu      sync.Mutex
	known   map[string]uint64
	waiting map[string]map[chan struct{}]struct{}
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
		select {
		case woken <- struct{}{}:
		default:
		}
	}
}

// Subscribe waits for wakes of an agency's mailbox until cancelled. What came
// before is not told: subscribe first and then read.
func (h *Hub) Subscribe(agency string) (woken <-chan struct{}, cancel func()) {
	channel := make(chan struct{}, 1)
	return channel, h.Join(agency, channel)
}

// Join is Subscribe with a channel that may have joined other hubs too; it has room
// for one wake.
func (h *Hub) Join(agency string, channel chan struct{}) (cancel func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting == nil {
		h.waiting = map[string]map[chan struct{}]struct{}{}
	}
	if h.waiting[agency] == nil {
		h.waiting[agency] = map[chan struct{}]struct{}{}
	}
	h.waiting[agency][channel] = struct{}{}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiting[agency], channel)
		if len(h.waiting[agency]) == 0 {
			delete(h.waiting, agency)
		}
	}
}
