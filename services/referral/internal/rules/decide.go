package rules

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Facts are what the directory says of the addressed party.
type Facts struct {
	// Receiver is that party, with the intake unit if the caller named none.
	Receiver *commonv1.Party
	Graces   matter.Graces
	// ToSocialServices says that it is a social services agency.
	ToSocialServices bool
}

// Command is a request together with everything from outside that its decision needs.
type Command = matter.Command[Facts]

// World is what decisions see of referrals.
type World = matter.World[Referral]

// Related returns the referrals that a decision about the known ones also needs: those that one was
// redirected from, and to.
func Related(known World) []string {
	var more []string
	for _, history := range known.Subjects {
		for _, other := range []string{history.State.RedirectedFrom, history.State.Onward.Subject} {
			if other != "" {
				more = append(more, other)
			}
		}
	}
	return more
}

// Decide returns the events that record a command, or refuses the command. For a step on an
// existing referral the order of the checks is the same in all services: role, etag, table,
// content. Token, form, relation and request_id were checked before.
func Decide(world World, command Command) ([]matter.Event, error) {
	o := &outcome{Draft: matter.NewDraft(world, command, Evolve)}
	if r, ok := command.Request.(*referralv1.SendReferralRequest); ok {
		if err := checkSend(command, r); err != nil {
			return nil, err
		}
		sent := &referralv1.ReferralSent{
			Receiver: command.Facts.Receiver, Kind: r.GetKind(), ServiceKey: r.GetServiceKey(), Reason: r.GetReason(),
			Urgency: r.GetUrgency(), ClientLanguage: r.GetClient().GetLanguage(), Attachments: command.Attachments,
			DueAt: timestamppb.New(matter.Grace(r.GetUrgency(), command.Facts.Graces, command.At)),
		}
		moved(command, sent, r.GetApplicationArrivedOn(), r.GetBasis())
		o.Start(command.Subject, r.GetBasis(), command.Client, command.Case, sent)
		return o.Events(), nil
	}
	view := world.Subjects[command.Subject].Views[command.Actor.Agency]
	if err := Table.Check(matter.StepOf(command.Request), view, command.Actor, command.Stale); err != nil {
		return nil, err
	}
	if err := checkContent(world.State(command.Subject), command); err != nil {
		return nil, err
	}
	switch r := command.Request.(type) {
	case *referralv1.RedirectReferralRequest:
		o.redirect(command, r)
	case *referralv1.CancelReferralRequest:
		o.cancel(command.Subject, r.GetReason(), command.Actor.Party())
	case *referralv1.RevokeReferralRequest:
		o.revoke(command.Subject, r.GetReason(), command.Actor.Party())
	case *referralv1.TriageReferralRequest:
		triaged := &referralv1.ReferralTriaged{Urgency: r.GetUrgency()}
		if due, provision := o.State(command.Subject).judged(r.GetUrgency(), command.At); !due.IsZero() {
			triaged.StatutoryDueAt, triaged.DueProvision = timestamppb.New(due), provision
		}
		o.add(command.Subject, triaged, command.Actor.Party())
	default:
		o.add(command.Subject, recorded(command), command.Actor.Party())
	}
	return o.Events(), nil
}

// recorded returns the event of a step that records exactly one.
func recorded(command Command) proto.Message {
	switch r := command.Request.(type) {
	case *referralv1.ReceiveReferralRequest:
		return &referralv1.ReferralReceived{}
	case *referralv1.AcceptReferralRequest:
		return &referralv1.ReferralAccepted{Worker: &commonv1.Party{
			Agency: command.Actor.Agency, Unit: command.Actor.Unit, Worker: matter.FirstOf(r.GetWorker(), command.Actor.Worker),
		}}
	case *referralv1.DeclineReferralRequest:
		return &referralv1.ReferralDeclined{Reason: r.GetReason(), Explanation: r.GetExplanation(), SuggestedReceiver: r.GetSuggestedReceiver()}
	case *referralv1.ReassignReferralRequest:
		return &referralv1.ReferralReassigned{To: r.GetTo(), Reason: r.GetReason()}
	case *referralv1.ScheduleAppointmentRequest:
		return &referralv1.AppointmentScheduled{AppointmentId: command.NewID, At: r.GetAt(), Place: r.GetPlace()}
	case *referralv1.RecordAppointmentResultRequest:
		return &referralv1.AppointmentResultRecorded{AppointmentId: r.GetAppointmentId(), Result: r.GetResult()}
	case *referralv1.PlanContactRequest:
		return matter.ContactPlanned(r)
	case *referralv1.AddProgressNoteRequest:
		return &referralv1.ProgressNoteAdded{Text: r.GetText(), OnHold: r.GetOnHold(), Attachments: command.Attachments}
	case *referralv1.RefuseCancellationRequest:
		return &referralv1.ReferralCancellationRefused{Explanation: r.GetExplanation()}
	case *referralv1.CompleteReferralRequest:
		return &referralv1.ReferralCompleted{Outcome: r.GetOutcome(), OutcomeNote: r.GetOutcomeNote(), Attachments: command.Attachments}
	case *referralv1.SettleReferralRequest:
		return &referralv1.ReferralSettled{ResubmittedAs: r.GetResubmittedAs(), Reason: r.GetReason()}
	default:
		return &commonv1.RevocationAcknowledged{}
	}
}
