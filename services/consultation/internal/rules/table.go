package rules

import (
	"slices"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

const (
	stateOpen     = consultationv1.ConsultationState_CONSULTATION_STATE_OPEN
	stateTaken    = consultationv1.ConsultationState_CONSULTATION_STATE_TAKEN
	stateAnswered = consultationv1.ConsultationState_CONSULTATION_STATE_ANSWERED
	stateClosed   = consultationv1.ConsultationState_CONSULTATION_STATE_CLOSED
)

const (
	stepTake = "TakeConsultation"
	stepPost = "PostMessage"
)

var (
	asker     = []matter.Role{matter.RoleSender}
	addressee = []matter.Role{matter.RoleReceiver}
)

// Table is the transition table of a consultation. A person is offered the steps in this order, the
// likely one first. A step that is not in the table is refused.
var Table = matter.Table[Consultation]{
	{Step: stepTake, By: addressee, May: inUnit, When: in(stateOpen), Touch: "ConsultationTaken"},
	{Step: stepPost, By: asker, When: in(stateOpen, stateTaken, stateAnswered)},
	// A worker must take the question before answering, so that the asker knows who has it.
	{Step: stepPost, By: []matter.Role{matter.RoleReceiver, matter.RoleParticipant}, When: in(stateTaken, stateAnswered)},
	{Step: "CloseConsultation", By: asker, When: in(stateOpen, stateTaken, stateAnswered), Automatic: true},
	{Step: "CloseConsultation", By: addressee, May: taker, When: in(stateAnswered)},
	{Step: "ReassignConsultation", By: addressee, When: in(stateOpen, stateTaken, stateAnswered)},
	{Step: "InviteParticipant", By: []matter.Role{matter.RoleSender, matter.RoleReceiver}, When: in(stateOpen, stateTaken, stateAnswered)},
}.WithRevocation("RevokeConsultation")

// touching are the names of the events from which the clock of an urgent matter is counted again.
var touching = Table.Touching()

// Always are the steps that are allowed on a consultation that has reached its size limit, and
// Finishes those that end what was begun.
var (
	Always   = []string{stepTake, "CloseConsultation", "RevokeConsultation", "AcknowledgeRevocation"}
	Finishes = []string{"ReassignConsultation"}
)

func in(states ...consultationv1.ConsultationState) func(Consultation, matter.Actor) bool {
	return func(view Consultation, _ matter.Actor) bool { return slices.Contains(states, view.State()) }
}

// inUnit refuses to let actors take a question outside the unit that was asked, or to which it was
// passed.
func inUnit(view Consultation, actor matter.Actor) error {
	if unit := view.Holder().GetUnit(); unit != actor.Unit {
		return fault.New(fault.RoleNotAllowed, "another unit was asked; have it reassigned to yours first")
	}
	return nil
}

// taker refuses actors other than the worker who has it.
func taker(view Consultation, actor matter.Actor) error {
	if view.Holder().GetWorker() != actor.Worker {
		return fault.New(fault.RoleNotAllowed, "it is closed by the asker, or by the worker who has it")
	}
	return nil
}

// Allowed lists the steps that the actor may take now, in the order of the table.
func Allowed(view matter.View[Consultation], actor matter.Actor) []string {
	return Table.Allowed(view, actor)
}
