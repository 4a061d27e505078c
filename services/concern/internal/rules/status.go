package rules

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Status is the loop's status of a concern as a reader sees it. Without consent
// the reporter learns the fate of its message: after taking neither a due time
// nor a turn, since a new one would tell that an assessment began, unless a
// question waits on it; and of the others the agency alone.
func Status(view Concern, reader loop.Reader) *commonv1.LoopStatus {
	waitingOn, due := turn(view)
	status := &commonv1.LoopStatus{
		Phase: view.Phase, Since: timestamppb.New(view.Since), Responsible: Responsible(view), WaitingOn: waitingOn,
	}
	if !due.IsZero() {
		status.DueAt = timestamppb.New(due)
		status.Overdue = due.Equal(view.Fired)
	}
	if reader.Role != loop.RoleSender || reader.Consent {
		return status
	}
	if status.Phase == commonv1.LoopPhase_LOOP_PHASE_TAKEN {
		status.Phase = commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS
	}
	if view.taken() && view.Open == "" {
		status.DueAt, status.Overdue, status.WaitingOn = nil, false, nil
	}
	status.Responsible = agencyAlone(status.Responsible, reader.Agency)
	status.WaitingOn = agencyAlone(status.WaitingOn, reader.Agency)
	return status
}

// turn tells whose turn it is and until when. A question goes before a forward,
// since its asking is shown to the reporter and a forward is not.
func turn(c Concern) (*commonv1.Party, time.Time) {
	if c.Ended() {
		return nil, time.Time{}
	}
	if question := c.question(); question != nil {
		return c.Reporter, question.GetDueAt().AsTime()
	}
	if forward, offered := c.pendingForward(); offered {
		return forward.Receiver, forward.DueAt
	}
	if c.State == stateDeclined {
		return c.Reporter, c.Due
	}
	return c.Holder, c.Due
}

// Responsible names the one who has it: exactly one until the loop ends.
func Responsible(c Concern) *commonv1.Party {
	switch {
	case c.Ended():
		return nil
	case c.State == stateSubmitted, c.State == stateDeclined:
		return c.Reporter
	case c.State == stateTriaged && c.Assigned == c.Holder:
		// Triage passes it to a unit's queue; a worker named there has yet to take it.
		return &commonv1.Party{Agency: c.Holder.GetAgency(), Unit: c.Holder.GetUnit()}
	default:
		return c.Holder
	}
}

// agencyAlone strips another agency's party to the agency.
func agencyAlone(party *commonv1.Party, own string) *commonv1.Party {
	if party == nil || party.GetAgency() == own {
		return party
	}
	return &commonv1.Party{Agency: party.GetAgency()}
}

// Standing is the concern's place in a reader's worklist.
func Standing(view Concern, reader loop.Reader) loop.Standing {
	holder := view.Holder
	if reader.Role == loop.RoleSender {
		holder = view.Reporter
	}
	return loop.Standing{
		Unit: holder.GetUnit(), Worker: holder.GetWorker(), State: int32(view.Shown()), Ended: view.Ended(),
		// The receiver works on one concern, its joined reports with it.
		Hidden: reader.Role == loop.RoleReceiver && view.Lead != "",
	}
}

// Readers are the agencies that a concern is told to, reporter first. Withdrawn
// says that the consent on which it rests is gone.
func Readers(c Concern, withdrawn bool) []loop.Reader {
	consent := c.Basis.GetGround() == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT && !withdrawn
	return []loop.Reader{
		{Agency: c.Reporter.GetAgency(), Role: loop.RoleSender, Consent: consent},
		{Agency: c.Receiver.GetAgency(), Role: loop.RoleReceiver, Consent: consent},
	}
}
