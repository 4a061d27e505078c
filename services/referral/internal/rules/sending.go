package rules

import (
	"cmp"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

func checkSending(command Command, r *referralv1.SendReferralRequest) error {
	return cmp.Or(
		matter.CheckStarter(command.Actor),
		matter.CheckOther(r.GetReceiver(), "receiver.agency", command.Actor.Agency),
		checkBasis(r.GetBasis(), command),
		matter.CheckExplained("a referral", "reason", r.GetReason()),
		checkArrived(command, r),
		command.CheckAttachments(),
	)
}

func send(o *outcome, command Command, r *referralv1.SendReferralRequest) {
	sent := &referralv1.ReferralSent{
		Receiver: matter.RouteEmergency(r.GetUrgency(), command.Facts.Receiver, command.Facts.OnCall), Kind: r.GetKind(), ServiceKey: r.GetServiceKey(), Reason: r.GetReason(),
		Urgency: r.GetUrgency(), ClientLanguage: r.GetClient().GetLanguage(), ClientInterpreter: r.GetClient().GetInterpreter(), Attachments: command.Attachments,
		DueAt:        timestamppb.New(matter.Grace(r.GetUrgency(), command.Facts.Graces, command.At)),
		MatterNumber: string(command.Number),
	}
	moved(command, sent, r.GetApplicationArrivedOn(), r.GetBasis())
	o.Start(command.Subject, r.GetBasis(), command.Client, command.Case, sent)
}

// checkBasis checks the ground of a referral: consent, a statutory right or a notification (703/2023
// §§ 53, 56).
func checkBasis(basis *commonv1.LegalBasis, command Command) error {
	return matter.CheckBasis(basis, command.At, commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS,
		commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION)
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
		return refused("only a moved application has a day of arrival", "leave empty for this kind")
	}
	day, err := time.ParseInLocation(time.DateOnly, r.GetApplicationArrivedOn(), matter.Helsinki())
	switch {
	case err != nil:
		return refused("this is not a valid day", "YYYY-MM-DD")
	case day.After(command.At):
		return refused("the day of arrival is in the future", "today or before")
	case day.Before(command.At.In(matter.Helsinki()).AddDate(-1, 0, -1)):
		return refused("the application arrived more than a year ago", "at most a year ago")
	default:
		return nil
	}
}

// moved adds what the law requires of an application that is moved: until when it must be decided, as
// the row of its ground says, and without a row if it is moved to social services.
func moved(command Command, sent *referralv1.ReferralSent, arrivedOn string, basis *commonv1.LegalBasis) {
	sent.ToSocialServices = command.Facts.ToSocialServices
	if !isMoved(sent.GetKind()) {
		return
	}
	sent.ApplicationArrivedOn = cmp.Or(arrivedOn, command.At.In(matter.Helsinki()).Format(time.DateOnly))
	var limit matter.Limit
	switch onRow := basis.GetTerms() != nil; {
	case command.Limit != nil:
		limit = *command.Limit
		sent.DueDays = &referralv1.DueDays{WorkingDays: int32(limit.WorkingDays), UrgentWorkingDays: int32(limit.UrgentWorkingDays)} //nolint:gosec // at most a year
		sent.DueGround = &referralv1.DueGround{Provision: limit.Provision, UrgentProvision: limit.UrgentProvision, FromArrival: limit.FromArrival}
	case !onRow && command.Facts.ToSocialServices:
		limit = limitWithoutRow(basis)
	default:
		return
	}
	due, provision := grantBy(limit, sent.GetUrgency(), countsFrom(limit, sent.GetApplicationArrivedOn(), command.At), command.At)
	sent.StatutoryDueAt, sent.DueProvision = timestamppb.New(due), provision
}
