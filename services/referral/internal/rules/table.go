package rules

import (
	"koppi.internal/pkg/matter"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

const (
	stateSent       = referralv1.ReferralState_REFERRAL_STATE_SENT
	stateReceived   = referralv1.ReferralState_REFERRAL_STATE_RECEIVED
	stateAccepted   = referralv1.ReferralState_REFERRAL_STATE_ACCEPTED
	stateInProgress = referralv1.ReferralState_REFERRAL_STATE_IN_PROGRESS
	stateOnHold     = referralv1.ReferralState_REFERRAL_STATE_ON_HOLD
	stateDeclined   = referralv1.ReferralState_REFERRAL_STATE_DECLINED
)

var (
	sender   = []matter.Role{matter.RoleSender}
	receiver = []matter.Role{matter.RoleReceiver}
	both     = []matter.Role{matter.RoleSender, matter.RoleReceiver}
)

// Table is the transition table of a referral. A person is offered the steps in this order, the
// likely one first. A step that is not in the table is refused. While the referral is offered
// onward the receiver cannot decide about it: otherwise two agencies could have it, or none.
var Table = matter.Table[Referral]{
	{Step: "ReceiveReferral", By: receiver, When: in(stateSent), Automatic: true},
	{Step: "AcceptReferral", By: receiver, When: here(Referral.undecided), Touch: "ReferralAccepted"},
	{Step: "ScheduleAppointment", By: receiver, When: here(Referral.accepted), Touch: "AppointmentScheduled"},
	{Step: "RecordAppointmentResult", By: receiver, When: here(awaitsResult), Touch: "AppointmentResultRecorded"},
	{Step: "PlanContact", By: both, When: when(func(r Referral) bool { return r.undecided() || r.accepted() }), Automatic: true},
	{Step: "AddProgressNote", By: receiver, When: when(Referral.accepted), Touch: "ProgressNoteAdded"},
	{Step: "TriageReferral", By: receiver, When: when(func(r Referral) bool { return r.State == stateReceived || r.accepted() }), Touch: "ReferralTriaged"},
	{Step: "RefuseCancellation", By: receiver, When: when(func(r Referral) bool { return !r.CancelBy.IsZero() })},
	{Step: "CompleteReferral", By: receiver, When: here(Referral.accepted)},
	// A notice or papers end by being read, also by a partner's system.
	{Step: "CompleteReferral", By: receiver, When: here(func(r Referral) bool { return r.undecided() && r.isNotice() }), Automatic: true},
	{Step: "RedirectReferral", By: receiver, When: here(func(r Referral) bool { return r.undecided() || r.State == stateAccepted && r.CancelBy.IsZero() }), Touch: "ReferralRedirected"},
	{Step: "ReassignReferral", By: receiver, When: when(func(r Referral) bool { return r.State == stateReceived || r.accepted() })},
	{Step: "DeclineReferral", By: receiver, When: here(Referral.undecided)},
	{Step: "SettleReferral", By: sender, When: in(stateDeclined), Automatic: true},
	{Step: "CancelReferral", By: sender, When: when(func(r Referral) bool { return r.undecided() || r.accepted() && r.CancelBy.IsZero() }), Automatic: true},
}.WithRevocation("RevokeReferral")

// touching are the names of the events from which the clock of an urgent matter is counted again.
var touching = Table.Touching()

// Always are the steps that are allowed on a referral that has reached its size limit, and Finishes
// those that end what was begun.
var (
	Always = []string{
		"ReceiveReferral", "AcceptReferral", "DeclineReferral", "CompleteReferral", "SettleReferral", "CancelReferral", "RevokeReferral", "AcknowledgeRevocation",
	}
	Finishes = []string{"TriageReferral", "ReassignReferral", "RecordAppointmentResult", "RefuseCancellation"}
)

type condition = func(view Referral, actor matter.Actor) bool

func when(holds func(Referral) bool) condition {
	return func(view Referral, _ matter.Actor) bool { return holds(view) }
}

func in(state referralv1.ReferralState) condition {
	return when(func(r Referral) bool { return r.State == state })
}

// here allows a step if the condition holds and no offer onward is pending.
func here(holds func(Referral) bool) condition {
	return when(func(r Referral) bool { return holds(r) && !r.Onward.Pending })
}

func awaitsResult(r Referral) bool {
	if r.State != stateInProgress && r.State != stateOnHold {
		return false
	}
	for _, appointment := range r.Appointments {
		if appointment.GetResult() == referralv1.AppointmentResult_APPOINTMENT_RESULT_UNSPECIFIED {
			return true
		}
	}
	return false
}

// Allowed lists the steps that the actor may take now, in the order of the table.
func Allowed(view matter.View[Referral], actor matter.Actor) []string {
	return Table.Allowed(view, actor)
}
