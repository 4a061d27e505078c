package loop

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Command is a request with all that its decision needs to know from outside. F are
// the facts that a service's rules ask for.
type Command[F any] struct {
	Actor Actor
	// Subject that is commanded; the new one for a command that starts one.
	Subject string
	// Stale says that the caller's etag is not of the version that it was shown.
	Stale bool
	At    time.Time
	// Request is the RPC's request message.
	Request proto.Message
	// NewID is free for what the command begins: another subject, a question, a goal.
	NewID string
	// Client and Case are inner ids, for a command that starts a subject.
	Client, Case string
	// Home is what is known of the client's, for a command that starts a subject.
	Home Home
	// Attachments are those that the request names, in its order; Unavailable says why
	// one of them cannot be named.
	Attachments []*commonv1.Attachment
	Unavailable error
	Facts       F
}

// Home is what says which unit serves a client.
type Home struct {
	// Municipality of three digits, and Language as a BCP 47 tag; either may be empty.
	Municipality, Language string
	// Born is the client's date of birth, at midnight UTC; zero where it is not known.
	Born time.Time
	// NonDisclosure tells that nobody is to learn where the person lives but who is
	// responsible.
	NonDisclosure bool
}

// Among is a home as it routes what several agencies are told of: under a non-disclosure the
// unit that serves the municipality would tell them where the person lives.
func (h Home) Among() Home {
	if h.NonDisclosure {
		h.Municipality = ""
	}
	return h
}

// StepOf is the name of the RPC that a request is of.
func StepOf(request proto.Message) string {
	return strings.TrimSuffix(string(request.ProtoReflect().Descriptor().Name()), "Request")
}
