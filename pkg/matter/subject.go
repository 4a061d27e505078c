package matter

import (
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Event is one fact of a matter, decided or recorded.
type Event struct {
	Subject string
	// Message is the service's typed event. It is never changed: code that needs a different one
	// clones it.
	Message proto.Message
	// By is the party that acted; nil if the clock caused the event.
	By    *commonv1.Party
	Basis *commonv1.LegalBasis
	At    time.Time
	// Client and Case are internal ids, the same in every event of a matter.
	Client, Case string
	// ID is the id of the message; empty until the event is recorded.
	ID string
	// Trace is the W3C traceparent of the command that caused the event; empty until the event is
	// recorded, and if the command had none. No rule depends on it.
	Trace string
}

// Role is the relation of an agency to a matter.
type Role string

// The roles in a matter. A reader with RoleNone has no relation to the matter and may not know that
// it exists.
const (
	RoleNone        Role = ""
	RoleSender      Role = "sender"
	RoleReceiver    Role = "receiver"
	RoleParticipant Role = "participant"
	// RoleClient is the person whom the matter concerns, who reads it and takes no steps.
	RoleClient Role = "client"
)

// Reader is an agency to which a matter is disclosed, with the facts that limit the disclosure.
type Reader struct {
	Agency string
	Role   Role
	// Consent says that the client's consent now covers this reader, if the reader needs it:
	// consent was the ground and has not been withdrawn.
	Consent bool
	// OnConsent says that the disclosure to the reader rests on the client's consent. Its right
	// ends when the consent is withdrawn.
	OnConsent bool
	// Gone says that the matter was disclosed to the reader earlier and is no longer, because it
	// has left. The reader then has no relation to the matter until it is invited again.
	Gone bool
	// Left says that the reader had left before the notice that its copy must be removed. Of that
	// notice the reader sees what concerns its own copy.
	Left bool
}

// Related reports whether an agency now has a relation to a matter.
func (h History[S]) Related(agency string) bool {
	view, told := h.Views[agency]
	return told && !view.Reader.Gone
}

// View is a matter as one reader has been shown it: the fold of the events that were disclosed to
// that reader, and of nothing else. What a reader gets cannot depend on what it may not know,
// because it is computed from what the reader knows.
type View[S any] struct {
	Reader Reader
	State  S
	// Version is the number of messages about the matter in the reader's mailbox.
	Version uint64
	// Extent is how much those messages disclosed to the reader.
	Extent Extent
}

// History is the true state of a matter, and its view for each reader.
type History[S any] struct {
	State   S
	Version uint64
	Views   map[string]View[S]
	// Events are all events of the matter, oldest first.
	Events []Event
	// Shared is the id of the last event that was disclosed to every reader.
	Shared string
	// Withdrawn treats the consent on which the matter rests as withdrawn from the beginning. It is
	// used to compute what may be disclosed again now.
	Withdrawn bool
}

// LastAt returns when the last event was recorded; zero if there is none.
func (h History[S]) LastAt() time.Time {
	if len(h.Events) == 0 {
		return time.Time{}
	}
	return h.Events[len(h.Events)-1].At
}

// Earlier returns the earlier of two times; a zero time is none.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Later returns the later of two times.
func Later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// World is what a decision sees: the commanded matter, the matters related to it, and the holder of
// each unique key that was looked up. A matter that does not exist is not in it.
type World[S any] struct {
	Subjects map[string]History[S]
	// UniqueKeys maps each key that was looked up to the matter that holds it.
	UniqueKeys map[string]string
}

// State returns the true state of a matter; the zero state if there is none.
func (w World[S]) State(subject string) S { return w.Subjects[subject].State }

// View returns a matter as an agency was shown it; the zero view if nothing was.
func (w World[S]) View(subject, agency string) View[S] { return w.Subjects[subject].Views[agency] }

// Actor is the caller of a command: a worker, or a system that acts for a worker or for itself.
type Actor struct {
	Agency, Unit, Worker string
	// Role is the profession or the kind of caller, as the identity service names it.
	Role string
	// Automatic says that a system acts, and not on behalf of a worker.
	Automatic bool
}

// Party returns the actor as events name it; nil for the client, who belongs to no agency.
func (a Actor) Party() *commonv1.Party {
	if a.Agency == "" {
		return nil
	}
	return &commonv1.Party{Agency: a.Agency, Unit: a.Unit, Worker: a.Worker}
}

// WorklistEntry is what a reader's worklist shows of a matter besides the status.
type WorklistEntry struct {
	// Unit and Worker are those of the reader's agency that have the matter.
	Unit, Worker string
	// State is the number of the state that the reader is shown.
	State   int32
	Urgency commonv1.Urgency
	Hidden  bool
	// Touched says that a person at the receiver has handled the matter since it was sent.
	Touched bool
}

// Withheld names a field that was withheld from a reader, and the rule.
type Withheld struct {
	// Field is the path within the case message, such as "event.outcome".
	Field string
	Rule  string
}
