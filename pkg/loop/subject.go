package loop

import (
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Event is one fact of a subject, decided or recorded.
type Event struct {
	Subject string
	// Message is the service's typed event. It is never changed: who needs
	// another takes a clone.
	Message proto.Message
	// By is who did it; nil where the clock did.
	By    *commonv1.Party
	Basis *commonv1.LegalBasis
	At    time.Time
	// Client and Case are inner ids, the same in every event of a subject.
	Client, Case string
	// ID is the message id; empty until it is recorded.
	ID string
	// Trace is the W3C traceparent of the command that it came of; empty until it is
	// recorded, and where none was made. No rule goes by it.
	Trace string
}

// Role is what an agency is to a subject.
type Role string

// The roles of a loop; RoleNone has no relation and may not know that the
// subject exists.
const (
	RoleNone        Role = ""
	RoleSender      Role = "sender"
	RoleReceiver    Role = "receiver"
	RoleParticipant Role = "participant"
	// RoleClient is the person whom the subject concerns: it reads and takes no step.
	RoleClient Role = "client"
)

// Reader is an agency to which a subject's facts are told, and how far they may be.
type Reader struct {
	Agency string
	Role   Role
	// Consent says that the client's consent covers this reader now, where it needs it: it
	// was the ground and has not been withdrawn.
	Consent bool
	// OnConsent says that what it is told rests on the client's consent, and that its
	// right ends when that is withdrawn.
	OnConsent bool
	// Gone says that it was told once and is told no more: it has left. It then has no
	// relation to the subject, until it is asked in again.
	Gone bool
	// Left says that it had left when it was told that its copy must go: of that it is
	// told what concerns its own copy.
	Left bool
}

// Related tells whether an agency has a live relation to a subject.
func (h History[S]) Related(agency string) bool {
	view, told := h.Views[agency]
	return told && !view.Reader.Gone
}

// View is a subject as one reader has been shown it: the fold of the events that
// were disclosed to it, and of nothing else. What a reader gets cannot vary with
// what it may not know, because it is computed from what it knows.
type View[S any] struct {
	Reader Reader
	State  S
	// Version counts the messages that the reader's mailbox had of the subject.
	Version uint64
	// Extent is how much it was told in them.
	Extent Extent
}

// History is a subject as it truly is, and as each reader sees it.
type History[S any] struct {
	State   S
	Version uint64
	Views   map[string]View[S]
	// Events are all of it, oldest first.
	Events []Event
	// Shared is the id of the last event that every reader was told.
	Shared string
	// Withdrawn makes it as if the consent on which the subject rests had been gone from
	// the beginning: what may be told again of it now.
	Withdrawn bool
}

// LastAt is when the last event of it was recorded; zero where there is none.
func (h History[S]) LastAt() time.Time {
	if len(h.Events) == 0 {
		return time.Time{}
	}
	return h.Events[len(h.Events)-1].At
}

// Later is the later one of two times.
func Later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// World is what a decision sees: the commanded subject, those related to it, and
// who holds which claim. A subject that does not exist is not in it.
type World[S any] struct {
	Subjects map[string]History[S]
	// UniqueKeys maps each key looked up to the subject that holds it.
	UniqueKeys map[string]string
}

// State returns the true state of a subject, the zero state if there is none.
func (w World[S]) State(subject string) S { return w.Subjects[subject].State }

// Actor is who commands: a worker, or a system in a worker's name or its own.
type Actor struct {
	Agency, Unit, Worker string
	// Role is the profession or kind of caller, as identity names it.
	Role string
	// Automatic marks a system that acts in no worker's name.
	Automatic bool
}

// Party is the actor as events name it; nil for the client, who is of no agency.
func (a Actor) Party() *commonv1.Party {
	if a.Agency == "" {
		return nil
	}
	return &commonv1.Party{Agency: a.Agency, Unit: a.Unit, Worker: a.Worker}
}

// WorklistEntry is what a reader is shown of a subject in its worklist, beside the status.
type WorklistEntry struct {
	// Unit and Worker of the reader's agency that hold it.
	Unit, Worker string
	// State is the number of the state shown.
	State   int32
	Urgency commonv1.Urgency
	Hidden  bool
	// Touched says that a person at the receiver has handled it since it was sent.
	Touched bool
}

// Withheld names a field that a reader was not given, and the rule.
type Withheld struct {
	// Field path within the case message, such as "event.outcome".
	Field string
	Rule  string
}
