package rules

import (
	"cmp"
	"slices"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

func checkSend(command Command, r *referralv1.SendReferralRequest) error {
	return cmp.Or(
		matter.CheckStarter(command.Actor),
		matter.CheckOther(r.GetReceiver(), "receiver.agency", command.Actor.Agency),
		checkBasis(r.GetBasis(), command),
		checkAsked(r),
		checkArrived(command, r),
		command.CheckSaid(),
	)
}

// checkBasis checks the ground of a referral: consent or a statutory right (703/2023 § 53).
func checkBasis(basis *commonv1.LegalBasis, command Command) error {
	return matter.CheckBasis(basis, command.At, commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS)
}

// checkAsked refuses a referral that does not say in words what is asked for, or what it is about.
func checkAsked(r *referralv1.SendReferralRequest) error {
	return matter.CheckExplained("a referral", "reason", r.GetReason())
}

// checkArrived checks the day on which a moved application arrived: not in the future, and at most
// a year ago. A referral of any other kind must not have such a day.
func checkArrived(command Command, r *referralv1.SendReferralRequest) error {
	refused := func(what, advice string) error {
		return fault.New(fault.InvalidField, "%s", what).Field("application_arrived_on", advice)
	}
	if r.GetApplicationArrivedOn() == "" {
		return nil
	}
	if !isMoved(r.GetKind()) {
		return refused("only an application that is moved has arrived somewhere before", "leave empty for this kind")
	}
	day, err := time.ParseInLocation(time.DateOnly, r.GetApplicationArrivedOn(), matter.Helsinki())
	switch {
	case err != nil:
		return refused("there is no such day", "YYYY-MM-DD")
	case day.After(command.At):
		return refused("the application has not arrived yet", "today or before")
	case day.Before(command.At.In(matter.Helsinki()).AddDate(-1, 0, -1)):
		return refused("the application arrived more than a year ago", "at most a year ago")
	default:
		return nil
	}
}

// checkContent is the last check of a step: its content must be complete and allowed.
func checkContent(state Referral, command Command) error {
	own := command.Actor.Agency
	var err error
	switch r := command.Request.(type) {
	case *referralv1.RedirectReferralRequest:
		err = cmp.Or(matter.CheckOther(r.GetReceiver(), "receiver.agency", own, state.Sender.GetAgency()), checkBasis(r.GetBasis(), command))
	case *referralv1.DeclineReferralRequest:
		if slices.Contains(explained, r.GetReason()) {
			err = matter.CheckExplained("declining for this reason", "explanation", r.GetExplanation())
		}
	case *referralv1.ReassignReferralRequest:
		err = cmp.Or(matter.CheckOwn(r.GetTo(), own, "to.agency"), matter.CheckExplained("reassigning", "reason", r.GetReason()))
	case *referralv1.ScheduleAppointmentRequest:
		if r.GetAt().AsTime().Before(command.At) {
			err = fault.New(fault.InvalidField, "an appointment lies ahead").Field("at", "not in the past")
		}
	case *referralv1.RecordAppointmentResultRequest:
		err = checkResult(state, command, r)
	case *referralv1.PlanContactRequest:
		err = matter.CheckContact(r, command.At)
	case *referralv1.RefuseCancellationRequest:
		err = matter.CheckExplained("refusing to stop", "explanation", r.GetExplanation())
	case *referralv1.CompleteReferralRequest:
		err = checkOutcome(state, r.GetOutcome())
	case *referralv1.SettleReferralRequest:
		err = matter.CheckSettled(r.GetResubmittedAs(), r.GetReason())
	case *referralv1.RevokeReferralRequest:
		err = matter.CheckExplained("revoking", "reason", r.GetReason())
	}
	return cmp.Or(err, command.CheckSaid())
}

// explained are the reasons for declining that need an explanation, because they do not say what to
// do instead (434/2003 § 45).
var explained = []referralv1.ReferralDeclineReason{
	referralv1.ReferralDeclineReason_REFERRAL_DECLINE_REASON_NO_CAPACITY,
	referralv1.ReferralDeclineReason_REFERRAL_DECLINE_REASON_NOT_ELIGIBLE,
	referralv1.ReferralDeclineReason_REFERRAL_DECLINE_REASON_INCOMPLETE,
}

// checkResult refuses to record that the client attended or did not before the time of the
// appointment. That it was cancelled or moved may be recorded earlier.
func checkResult(state Referral, command Command, r *referralv1.RecordAppointmentResultRequest) error {
	appointment := state.appointment(r.GetAppointmentId())
	if appointment == nil || appointment.GetResult() != referralv1.AppointmentResult_APPOINTMENT_RESULT_UNSPECIFIED {
		return fault.New(fault.InvalidField, "no such appointment waits for its result").Field("appointment_id", "name one without a result")
	}
	attended := r.GetResult() == referralv1.AppointmentResult_APPOINTMENT_RESULT_ATTENDED ||
		r.GetResult() == referralv1.AppointmentResult_APPOINTMENT_RESULT_NO_SHOW
	if attended && command.At.Before(appointment.GetAt().AsTime()) {
		return fault.New(fault.IllegalStep, "the appointment is not yet over").With("allowed_steps", "AddProgressNote")
	}
	return nil
}

// checkOutcome refuses an outcome that the referral cannot have: only a transferred application
// ends with a benefit, and only a notice or papers end by being read.
func checkOutcome(state Referral, outcome referralv1.ReferralOutcome) error {
	var fits bool
	switch outcome {
	case referralv1.ReferralOutcome_REFERRAL_OUTCOME_BENEFIT_GRANTED, referralv1.ReferralOutcome_REFERRAL_OUTCOME_BENEFIT_REFUSED:
		fits = state.Kind == referralv1.ReferralKind_REFERRAL_KIND_APPLICATION_TRANSFER
	case referralv1.ReferralOutcome_REFERRAL_OUTCOME_ACKNOWLEDGED:
		fits = state.isNotice()
	default:
		fits = !state.undecided()
	}
	if !fits {
		return fault.New(fault.InvalidField, "a referral of this kind does not end so now").Field("outcome", "another one")
	}
	return nil
}
