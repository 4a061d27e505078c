package matter

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Command is a request together with everything from outside that its decision needs. F is the type
// of the facts that a service's rules need.
type Command[F any] struct {
	Actor Actor
	// Subject is the matter that the command is on; for a command that begins a matter, the new
	// one.
	Subject string
	// Stale says that the caller's etag is not the etag of the version that the caller was shown.
	Stale bool
	At    time.Time
	// Request is the RPC's request message.
	Request proto.Message
	// NewID is an unused id for what the command creates: another matter, a question or a goal.
	NewID string
	// Number is the number of the matter that the command begins, if it begins one. It was drawn for
	// this attempt.
	Number Number
	// Client and Case are internal ids. They are set for a command that begins a matter.
	Client, Case string
	// Home is what is known of the client's home. It is set for a command that begins a matter.
	Home Home
	// Attachments are the attachments that the request names, in its order. Unavailable is the
	// error if the caller cannot name one of them.
	Attachments []*commonv1.Attachment
	Unavailable error
	// Limit is what the row of the table of grounds on which the command sends says of the time to
	// decide; nil if it says nothing for the receiver's kind, and without a row.
	Limit *Limit
	Facts F
}

// Home holds the facts about a client that decide which unit serves the client.
type Home struct {
	// Municipality is the code of three digits, and Language a BCP 47 tag. Either may be empty.
	Municipality, Language string
	// Born is the client's date of birth at midnight UTC; zero if it is not known.
	Born time.Time
	// NonDisclosure says that only those who are responsible for the client may learn where the
	// client lives.
	NonDisclosure bool
}

// Among returns the home by which a matter is routed if several agencies see the unit. Under a
// non-disclosure it has no municipality, because the unit that serves the municipality would show
// them where the client lives.
func (h Home) Among() Home {
	if h.NonDisclosure {
		h.Municipality = ""
	}
	return h
}

// StepOf returns the name of the RPC that a request belongs to.
func StepOf(request proto.Message) string {
	return strings.TrimSuffix(string(request.ProtoReflect().Descriptor().Name()), "Request")
}

// Actor is the caller of a command: a worker, or a system that acts for a worker or for itself.
type Actor struct {
	Agency, Unit, Worker string
	// Role is the profession or the kind of caller, as the identity service names it; for a team leader with a
	// profession, the profession.
	Role string
	// Automatic says that a system acts, and not on behalf of a worker.
	Automatic bool
	// ReadOnly says that the actor reads in an emergency, and may take no step.
	ReadOnly bool
}

// IsSocialWorker reports whether the actor, or the worker on whose behalf a system acts, is a social
// worker: the one profession that assesses a client who needs special support, and works with them
// (1301/2014 §§ 36, 42).
func (a Actor) IsSocialWorker() bool { return a.Role == "social_worker" }

// Party returns the actor as events name it; nil for the client, who belongs to no agency.
func (a Actor) Party() *commonv1.Party {
	if a.Agency == "" {
		return nil
	}
	return &commonv1.Party{Agency: a.Agency, Unit: a.Unit, Worker: a.Worker}
}
