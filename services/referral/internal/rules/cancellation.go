package rules

import (
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// cancel cancels a referral, or asks to cancel it if it was already accepted. An offer onward is
// cancelled too, if the third agency has not decided.
func (o *outcome) cancel(subject, reason string, by *commonv1.Party) {
	before := o.State(subject)
	if before.undecided() {
		o.AddBy(subject, &referralv1.ReferralCancelled{Reason: reason}, by)
	} else {
		o.AddBy(subject, &referralv1.ReferralCancellationRequested{Reason: reason}, by)
	}
	if onward := o.State(before.Onward.Subject); before.Onward.Pending && onward.undecided() {
		o.cancel(before.Onward.Subject, reason, matter.UnitAlone(onward.Sender))
	}
}
