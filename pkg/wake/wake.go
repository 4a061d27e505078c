// Package wake tells readers in this process that a mailbox has advanced. It is
// a hint and never the truth: who waits also looks by itself now and then.
package wake

import "sync"

// Hub passes wakes on. Its zero value is ready.
type Hub struct {
	mu      sync.Mutex
	waiting map[string]map[chan struct{}]struct{}
}

// Notify wakes whoever waits for the agency's mailbox. It never blocks: a reader
// that has not taken its last wake gets no second one.
func (h *Hub) Notify(agency string, _ uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for woken := range h.waiting[agency] {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
}

// Subscribe waits for wakes of an agency's mailbox until cancelled.
func (h *Hub) Subscribe(agency string) (woken <-chan struct{}, cancel func()) {
	channel := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting == nil {
		h.waiting = map[string]map[chan struct{}]struct{}{}
	}
	if h.waiting[agency] == nil {
		h.waiting[agency] = map[chan struct{}]struct{}{}
	}
	h.waiting[agency][channel] = struct{}{}
	return channel, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiting[agency], channel)
		if len(h.waiting[agency]) == 0 {
			delete(h.waiting, agency)
		}
	}
}
