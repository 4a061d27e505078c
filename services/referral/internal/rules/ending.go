package rules

import (
	"slices"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// explained are the reasons for declining that need an explanation, because they do not say what to
// do instead (434/2003 § 45).
var explained = []referralv1.ReferralDeclineReason{
	referralv1.ReferralDeclineReason_REFERRAL_DECLINE_REASON_NO_CAPACITY,
	referralv1.ReferralDeclineReason_REFERRAL_DECLINE_REASON_NOT_ELIGIBLE,
	referralv1.ReferralDeclineReason_REFERRAL_DECLINE_REASON_INCOMPLETE,
}

// checkDecline refuses a decline that does not say what to do instead, or that a question would have spared.
func checkDecline(world World, command Command, r *referralv1.DeclineReferralRequest) error {
	if slices.Contains(explained, r.GetReason()) {
		if err := matter.CheckExplained("declining for this reason", "explanation", r.GetExplanation()); err != nil {
			return err
		}
	}
	if r.GetReason() == referralv1.ReferralDeclineReason_REFERRAL_DECLINE_REASON_INCOMPLETE {
		return checkAskedFirst(world.State(command.Subject))
	}
	return nil
}

// checkOutcome refuses an outcome that the referral cannot have: only a transferred application
// ends with a benefit, and only a notice or documents end by being read.
func checkOutcome(world World, command Command, r *referralv1.CompleteReferralRequest) error {
	state, fits := world.State(command.Subject), false
	switch r.GetOutcome() {
	case referralv1.ReferralOutcome_REFERRAL_OUTCOME_BENEFIT_GRANTED, referralv1.ReferralOutcome_REFERRAL_OUTCOME_BENEFIT_REFUSED:
		fits = state.Kind == referralv1.ReferralKind_REFERRAL_KIND_APPLICATION_TRANSFER
	case referralv1.ReferralOutcome_REFERRAL_OUTCOME_ACKNOWLEDGED:
		fits = state.isNotice()
	default:
		fits = !state.undecided()
	}
	if !fits {
		return fault.New(fault.InvalidField, "a referral of this kind cannot end with this outcome now").Field("outcome", "another outcome")
	}
	return nil
}
