package mailbox

import "sync"

// Notifications collect, for one session, which of its mailboxes may hold new messages, so that it reads no
// others.
type Notifications struct {
	// signal holds at most one element: a session that has not yet looked is not notified twice.
	signal chan struct{}

	mu sync.Mutex
	// sequences are the highest sequences that were notified, by service.
	sequences map[string]uint64
}

// NewNotifications returns an empty collection.
func NewNotifications() *Notifications {
	return &Notifications{signal: make(chan struct{}, 1), sequences: map[string]uint64{}}
}

// Of returns the function to call when the mailbox of a service has reached a sequence. The function never
// blocks.
func (n *Notifications) Of(service string) func(sequence uint64) {
	return func(sequence uint64) {
		n.mu.Lock()
		n.sequences[service] = max(n.sequences[service], sequence)
		n.mu.Unlock()
		select {
		case n.signal <- struct{}{}:
		default:
		}
	}
}

// take returns the highest notified sequence of each service and clears the collection.
func (n *Notifications) take() map[string]uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	notified := n.sequences
	n.sequences = map[string]uint64{}
	return notified
}
