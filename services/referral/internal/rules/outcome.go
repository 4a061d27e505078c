package rules

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// outcome is the draft of one command. It adds the events that follow for the referral that was
// redirected, or for the one that it was redirected to.
type outcome struct{ *matter.Draft[Referral] }

// add records an event, and the answer on the redirector's referral if the event answers its offer.
func (o *outcome) add(subject string, m proto.Message, by *commonv1.Party) {
	before := o.State(subject)
	o.Add(subject, m, by)
	o.answer(subject, before, m)
}

// redirect offers the whole referral to a third agency. The responsibility stays where it is until
// the third agency accepts.
func (o *outcome) redirect(command Command, r *referralv1.RedirectReferralRequest) {
	before := o.State(command.Subject)
	due := timestamppb.New(matter.Grace(before.Clock.Urgency, command.Facts.Graces, command.At))
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
		// A redirect gives nobody more time.
		day := matter.Earlier(before.Statutory, onward.GetStatutoryDueAt().AsTime())
		onward.StatutoryDueAt = timestamppb.New(matter.NotPast(day, command.At))
	}
	o.Start(Collection+command.NewID, r.GetBasis(), before.Client, before.Case, onward)
}

// moved adds what the law requires of an application that is moved to social services.
func moved(command Command, sent *referralv1.ReferralSent, arrivedOn string, basis *commonv1.LegalBasis) {
	sent.ToSocialServices = command.Facts.ToSocialServices
	if !isMoved(sent.GetKind()) {
		return
	}
	sent.ApplicationArrivedOn = matter.FirstOf(arrivedOn, command.At.In(matter.Helsinki()).Format(time.DateOnly))
	if command.Facts.ToSocialServices {
		due, provision := grantBy(sent.GetUrgency(), countsFrom(basis, sent.GetApplicationArrivedOn(), command.At), command.At)
		sent.StatutoryDueAt, sent.DueProvision = timestamppb.New(due), provision
	}
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
	o.add(from.Subject, &referralv1.RedirectAnswered{RedirectedReferralId: ID(subject), Accepted: accepted}, matter.UnitAlone(before.Receiver))
}

// cancel cancels a referral, or asks to cancel it if it was already accepted. An offer onward is
// cancelled too, if the third agency has not decided.
func (o *outcome) cancel(subject, reason string, by *commonv1.Party) {
	before := o.State(subject)
	if before.undecided() {
		o.add(subject, &referralv1.ReferralCancelled{Reason: reason}, by)
	} else {
		o.add(subject, &referralv1.ReferralCancellationRequested{Reason: reason}, by)
	}
	if onward := o.State(before.Onward.Subject); before.Onward.Pending && onward.undecided() {
		o.cancel(before.Onward.Subject, reason, matter.UnitAlone(onward.Sender))
	}
}

// revoke enters a referral in error, and with it the referral that it was redirected as.
func (o *outcome) revoke(subject, reason string, by *commonv1.Party) {
	before := o.State(subject)
	o.Revoke(subject, reason, Readers(before, false), by)
	o.answer(subject, before, &commonv1.EnteredInError{})
	if onward := o.State(before.Onward.Subject); onward.Exists() && !onward.IsRevoked() {
		o.revoke(before.Onward.Subject, reason, &commonv1.Party{Agency: onward.Sender.GetAgency()})
	}
}

// Withdraw returns the events that end a referral whose consent is withdrawn. If it was redirected,
// it is the redirector's turn again.
func Withdraw(world World, actor matter.Actor, subject string, withdrawn *commonv1.ConsentWithdrawn, at time.Time) []matter.Event {
	o := &outcome{Draft: matter.NewDraft(world, Command{Actor: actor, Subject: subject, At: at}, Evolve)}
	o.add(subject, withdrawn, actor.Party())
	return o.Events()
}
