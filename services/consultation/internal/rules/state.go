// Package rules holds what is decided about consultations: pure functions of state,
// command and time. They are called and call nothing. Read in this order: state.go
// (what a consultation is), table.go (which step is whose, when), decide.go (command →
// events), evolve.go (event → state), status.go (whose turn, until when),
// disclose.go (who is told what), view.go (what a caller reads).
package rules

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Collection is the first part of a consultation's subject name.
const Collection = "consultations/"

// Consultation is the fold of one consultation's events: of all of them, or of those
// that one reader was shown.
type Consultation struct {
	loop.Head
	// Consultation is what it holds, as a caller reads it; what is each reader's own is
	// empty. It is never changed: who needs another takes a clone.
	Consultation *consultationv1.Consultation
}

// State it is in.
func (c Consultation) State() consultationv1.ConsultationState { return c.Consultation.GetState() }

// change gives a state with a consultation of its own, to be changed.
func (c Consultation) change() (Consultation, *consultationv1.Consultation) {
	c.Consultation = proto.CloneOf(c.Consultation)
	return c, c.Consultation
}

// Holder is the worker who took it, or the queue in which it waits.
func (c Consultation) Holder() *commonv1.Party {
	if taken := c.Consultation.GetTakenBy(); taken != nil {
		return taken
	}
	return c.Consultation.GetAddressee()
}

// Message finds a message of the conversation.
func (c Consultation) Message(id string) int {
	return slices.IndexFunc(c.Consultation.GetMessages(), func(m *consultationv1.ConsultationMessage) bool { return m.GetMessageId() == id })
}

// ID is the consultation id of a subject name.
func ID(subject string) string { return subject[min(len(Collection), len(subject)):] }
