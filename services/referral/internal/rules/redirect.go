package rules

import (
	"cmp"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// checkRedirect refuses to redirect a referral to its sender or within the agency, or without a
// legal basis.
func checkRedirect(world World, command Command, r *referralv1.RedirectReferralRequest) error {
	sender := world.State(command.Subject).Sender.GetAgency()
	return cmp.Or(matter.CheckOther(r.GetReceiver(), "receiver.agency", command.Actor.Agency, sender), checkBasis(r.GetBasis(), command))
}

// redirect offers the whole referral to a third agency. The responsibility stays where it is until
// the third agency accepts.
func redirect(o *outcome, command Command, r *referralv1.RedirectReferralRequest) {
	before := o.State(command.Subject)
	to := matter.RouteEmergency(before.Clock.Urgency, command.Facts.Receiver, command.Facts.OnCall)
	due := timestamppb.New(matter.Grace(before.Clock.Urgency, command.Facts.Graces, command.At))
	o.Add(command.Subject, &referralv1.ReferralRedirected{
		RedirectedReferralId: command.NewID, Receiver: to, Explanation: r.GetExplanation(), DueAt: due,
	})
	first := before.FirstSender
	if first == nil {
		first = before.Sender
	}
	onward := &referralv1.ReferralSent{
		Receiver: to, Kind: before.Kind, ServiceKey: before.ServiceKey, Reason: before.Reason,
		Urgency: before.Clock.Urgency, Attachments: before.Attachments, ClientLanguage: before.Language, ClientInterpreter: before.Interpreter,
		RedirectedFromReferralId: ID(command.Subject), DueAt: due, FirstSender: first, MatterNumber: string(command.Number),
	}
	moved(command, onward, before.ArrivedOn, r.GetBasis())
	if onward.GetStatutoryDueAt() != nil && !before.Statutory.IsZero() {
		// A redirect gives nobody more time.
		day := matter.Earlier(before.Statutory, onward.GetStatutoryDueAt().AsTime())
		onward.StatutoryDueAt = timestamppb.New(matter.NotPast(day, command.At))
	}
	o.Start(Collection+command.NewID, r.GetBasis(), before.Client, before.Case, onward)
}

// answer records on the redirector's referral what the third agency did. If the third agency
// accepted it (or it ended by being read, or a fourth agency accepted it), the redirector's
// referral ends. Otherwise it is the redirector's turn again.
func (o *outcome) answer(subject string, before Referral, m proto.Message) {
	from := o.State(before.RedirectedFrom)
	if before.RedirectedFrom == "" || !from.Onward.Pending || from.Onward.Subject != subject || from.Ended() {
		return
	}
	accepted := false
	switch m := m.(type) {
	case *referralv1.ReferralAccepted, *referralv1.ReferralCompleted:
		accepted = true
	case *referralv1.RedirectAnswered:
		if accepted = m.GetAccepted(); !accepted {
			return
		}
	case *referralv1.ReferralDeclined, *referralv1.ReferralCancelled, *commonv1.EnteredInError, *commonv1.ConsentWithdrawn:
	default:
		return
	}
	// The third agency's own referral says which worker took the step.
	o.AddBy(from.Subject, &referralv1.RedirectAnswered{RedirectedReferralId: ID(subject), Accepted: accepted}, matter.UnitAlone(before.Receiver))
}
