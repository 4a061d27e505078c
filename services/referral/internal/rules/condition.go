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

type condition = func(view Referral, actor matter.Actor) bool

func when(holds func(Referral) bool) condition {
	return func(view Referral, _ matter.Actor) bool { return holds(view) }
}

func in(state referralv1.ReferralState) condition {
	return when(func(r Referral) bool { return r.State == state })
}

// withoutOffer allows a step if the condition holds and no offer onward is pending.
func withoutOffer(holds func(Referral) bool) condition {
	return when(func(r Referral) bool { return holds(r) && !r.Onward.Pending })
}

func awaitsResult(r Referral) bool {
	return (r.State == stateInProgress || r.State == stateOnHold) && matter.AwaitsResult(r.Appointments)
}
