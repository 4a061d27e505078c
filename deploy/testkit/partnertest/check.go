package partnertest

import (
	"os"
	"sync"
	"testing"

	"koppi.internal/partner"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Acknowledged collects the concerns whose submission was acknowledged.
type Acknowledged struct {
	// More signals that another concern was added.
	More chan struct{}

	mu       sync.Mutex
	concerns map[string]bool
}

// NewAcknowledged returns an empty collection.
func NewAcknowledged() *Acknowledged {
	return &Acknowledged{concerns: map[string]bool{}, More: make(chan struct{}, 1)}
}

// Add adds a concern by its id.
func (a *Acknowledged) Add(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.concerns[id] = true
	select {
	case a.More <- struct{}{}:
	default:
	}
}

// Concerns returns the ids. Nothing may be added afterwards.
func (a *Acknowledged) Concerns() map[string]bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.concerns
}

// CheckFile fails the test unless an inbox's file verifies and holds that many different messages.
func CheckFile(t testing.TB, path string, want int) {
	t.Helper()
	seen := map[string]bool{}
	if _, err := read(t, path, func(message *exchangev1.CaseMessage) { seen[message.GetMessageId()] = true }); err != nil {
		t.Error(err)
	}
	if len(seen) != want {
		t.Errorf("%d messages, want %d", len(seen), want)
	}
}

// CheckMailbox fails the test unless an inbox's file is the whole mailbox: every message up to a
// sequence once, in order, with a complete chain, and one ConcernSubmitted for every acknowledged
// concern.
func CheckMailbox(t testing.TB, path string, sequence uint64, concerns map[string]bool) {
	t.Helper()
	ids, submitted := map[string]bool{}, map[string]bool{}
	position, err := read(t, path, func(message *exchangev1.CaseMessage) {
		ids[message.GetMessageId()] = true
		if message.GetEvent().MessageName().Name() == "ConcernSubmitted" {
			if submitted[message.GetSubject()] {
				t.Errorf("%s was submitted twice", message.GetSubject())
			}
			submitted[message.GetSubject()] = true
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := position.Heads["concern"].Sequence; got != sequence || uint64(len(ids)) != sequence {
		t.Errorf("%d messages, %d different, of %d", got, len(ids), sequence)
	}
	if len(submitted) != len(concerns) {
		t.Errorf("%d concerns are in the mailbox, and %d were acknowledged", len(submitted), len(concerns))
	}
	for id := range concerns {
		if !submitted["concerns/"+id] {
			t.Errorf("concern %s was acknowledged and is not in the mailbox", id)
		}
	}
}

// read verifies a file and passes on each of its messages.
func read(t testing.TB, path string, each func(*exchangev1.CaseMessage)) (partner.Position, error) {
	t.Helper()
	file, err := os.Open(path) //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	position, _, err := partner.Verify(file, each)
	return position, err
}
