// Package rules holds what is decided about consultations: pure functions of state, command and
// time. They do no input or output. Read in this order: state.go (what a consultation is), table.go
// (each step: who may take it, when, which checks its content must pass, and what it records),
// decide.go (command → events), evolve.go (event → state), status.go (whose turn it is, and until
// when), disclose.go (what is disclosed to whom), view.go (what a caller reads).
package rules

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Collection is the first part of the name of a consultation as a matter.
const Collection = "consultations/"

// Consultation is the fold of one consultation's events: of all events, or of those that one reader
// was shown.
type Consultation struct {
	matter.Head
	// Consultation is the content as a caller reads it, without the parts that differ between
	// readers. It is never changed: code that needs a different one clones it.
	Consultation *consultationv1.Consultation
}

// State returns the state of the consultation.
func (c Consultation) State() consultationv1.ConsultationState { return c.Consultation.GetState() }

// change returns a copy of the state with a clone of the consultation that may be changed.
func (c Consultation) change() (Consultation, *consultationv1.Consultation) {
	c.Consultation = proto.CloneOf(c.Consultation)
	return c, c.Consultation
}

// Holder returns the worker who took it, or the queue in which it waits.
func (c Consultation) Holder() *commonv1.Party {
	if taken := c.Consultation.GetTakenBy(); taken != nil {
		return taken
	}
	return c.Consultation.GetAddressee()
}

// Message returns the index of a message of the conversation; negative if there is none with the
// id.
func (c Consultation) Message(id string) int {
	return slices.IndexFunc(c.Consultation.GetMessages(), func(m *consultationv1.ConsultationMessage) bool { return m.GetMessageId() == id })
}

// Asked reports whether the asker was asked something, and has neither written nor been answered
// since. It depends on the messages alone, so a party that is invited later knows it too: posting
// ends (matter.Full) before a snapshot would leave out the message that asks (matter.MaxSnapshot).
func (c Consultation) Asked() bool {
	for _, m := range slices.Backward(c.Consultation.GetMessages()) {
		if m.GetAsks() || m.GetAnswers() || m.GetFrom().GetAgency() == c.Sender.GetAgency() {
			return m.GetAsks()
		}
	}
	return false
}

// ID returns the consultation id in the name of a matter.
func ID(subject string) string { return subject[min(len(Collection), len(subject)):] }
