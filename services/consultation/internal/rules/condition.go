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

var (
	asker     = []matter.Role{matter.RoleSender}
	addressee = []matter.Role{matter.RoleReceiver}
)

func in(states ...consultationv1.ConsultationState) func(Consultation, matter.Actor) bool {
	return func(view Consultation, _ matter.Actor) bool { return slices.Contains(states, view.State()) }
}

// inUnit refuses to let actors take a question outside the unit that was asked, or to which it was
// passed.
func inUnit(view Consultation, actor matter.Actor) error {
	if unit := view.Holder().GetUnit(); unit != actor.Unit {
		return fault.New(fault.RoleNotAllowed, "another unit was asked; have the consultation reassigned to yours first")
	}
	return nil
}

// taker refuses actors other than the worker who has it.
func taker(view Consultation, actor matter.Actor) error {
	if view.Holder().GetWorker() != actor.Worker {
		return fault.New(fault.RoleNotAllowed, "only the asker or the worker who has the consultation can close it")
	}
	return nil
}
