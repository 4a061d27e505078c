package rules

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// outcome is the draft of one command, and knows what follows from each event for the
// referral that was redirected, or for the one that it was redirected to.
type outcome struct{ *loop.Draft[Referral] }

// add records an event, and tells the redirector's referral of it where it answers.
func (o *outcome) add(subject string, m proto.Message, by *commonv1.Party) {
	before := o.State(subject)
	o.Add(subject, m, by)
	o.answer(subject, before, m)
}

// redirect offers a referral, whole, to a third agency. The responsibility stays where
// it is until that one accepts.
func (o *outcome) redirect(command Command, r *referralv1.RedirectReferralRequest) {
	before := o.State(command.Subject)
	due := timestamppb.New(loop.Grace(before.Clock.Urgency, command.Facts.Graces, command.At))
	o.add(command.Subject, &referralv1.ReferralRedirected{
		RedirectedReferralId: command.NewID, Receiver: command.Facts.Receiver, Explanation: r.GetExplanation(), DueAt: due,
	}, command.Actor.Party())
	first := before.FirstSender
	if first == nil {
		first = before.Sender
	}
	onward := &referralv1.ReferralSent{
		Receiver: command.Facts.Receiver, Kind: before.Kind, ServiceKey: before.ServiceKey, Reason: before.Reason,
		Urgency: before.Clock.Urgency, Attachments: before.Attachments, ClientLanguage: before.Language,
		RedirectedFromReferralId: ID(command.Subject), DueAt: due, FirstSender: first,
	}
	moved(command, onward, before.ArrivedOn, r.GetBasis())
	if onward.GetStatutoryDueAt() != nil && !before.Statutory.IsZero() {
		// Passing it on gives nobody more time.
		onward.StatutoryDueAt = timestamppb.New(loop.NotPast(loop.Earliest(
			loop.Agreed(before.Statutory), loop.Agreed(onward.GetStatutoryDueAt().AsTime())).At, command.At))
	}
	o.Start(Collection+command.NewID, r.GetBasis(), before.Client, before.Case, onward)
}

// moved adds what the law asks of an application that is moved to social services.
func moved(command Command, sent *referralv1.ReferralSent, arrivedOn string, basis *commonv1.LegalBasis) {
	sent.ToSocialServices = command.Facts.ToSocialServices
	if !isMoved(sent.GetKind()) {
		return
	}
	sent.ApplicationArrivedOn = loop.FirstOf(arrivedOn, command.At.In(loop.Helsinki()).Format(time.DateOnly))
	if command.Facts.ToSocialServices {
		due, provision := grantBy(sent.GetUrgency(), countsFrom(basis, sent.GetApplicationArrivedOn(), command.At), command.At)
		sent.StatutoryDueAt, sent.DueProvision = timestamppb.New(due), provision
	}
}

// answer tells the redirector's referral what the third agency did. Accepted there (or
// ended by being read, or by a fourth that accepted it), it ends; else the turn is the
// redirector's again.
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
	// Whose step it was is told in the third agency's own referral.
	o.add(from.Subject, &referralv1.RedirectAnswered{RedirectedReferralId: ID(subject), Accepted: accepted}, loop.UnitAlone(before.Receiver))
}

// cancel takes a referral back, or asks for it once it was accepted. What was offered
// onward of it is taken back before the third agency decides.
func (o *outcome) cancel(subject, reason string, by *commonv1.Party) {
	before := o.State(subject)
	if before.undecided() {
		o.add(subject, &referralv1.ReferralCancelled{Reason: reason}, by)
	} else {
		o.add(subject, &referralv1.ReferralCancellationRequested{Reason: reason}, by)
	}
	if onward := o.State(before.Onward.Subject); before.Onward.Pending && onward.undecided() {
		o.cancel(before.Onward.Subject, reason, loop.UnitAlone(onward.Sender))
	}
}

// revoke enters a referral in error, and with it what was redirected of it.
func (o *outcome) revoke(subject, reason string, by *commonv1.Party) {
	before := o.State(subject)
	o.Revoke(subject, reason, Readers(before, false), by)
	o.answer(subject, before, &commonv1.EnteredInError{})
	if onward := o.State(before.Onward.Subject); onward.Exists() && !onward.IsRevoked() {
		o.revoke(before.Onward.Subject, reason, &commonv1.Party{Agency: onward.Sender.GetAgency()})
	}
}

// Withdraw ends a referral whose consent is withdrawn; who had redirected it has it again.
func Withdraw(world World, actor loop.Actor, subject string, withdrawn *commonv1.ConsentWithdrawn, at time.Time) []loop.Event {
	o := &outcome{Draft: loop.NewDraft(world, Command{Actor: actor, Subject: subject, At: at}, Evolve)}
	o.add(subject, withdrawn, actor.Party())
	return o.Events()
}
