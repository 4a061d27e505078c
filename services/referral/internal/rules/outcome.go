package rules

import (
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// outcome is the draft of one command. Its Add and AddBy also add the events that follow for the
// referral that was redirected, or for the one that it was redirected to.
type outcome struct {
	*matter.Draft[Referral]
	world World
}

func newOutcome(world World, command Command) *outcome {
	return &outcome{Draft: matter.NewDraft(world, command, Evolve), world: world}
}

// Add records an event, as the actor's act, and the answer on the redirector's referral if the
// event answers its offer.
func (o *outcome) Add(subject string, m proto.Message) {
	o.AddBy(subject, m, o.Actor.Party())
}

// AddBy does the same for the act of another party.
func (o *outcome) AddBy(subject string, m proto.Message, by *commonv1.Party) {
	before := o.State(subject)
	o.Draft.AddBy(subject, m, by)
	o.answer(subject, before, m)
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

// Consents says what of a referral the client's consent carries. A moved application is the applicant's
// own, and never rests on consent; one that was sent on consent before that was so is not withdrawn.
func Consents(r Referral) matter.Consents {
	if isMoved(r.Kind) {
		return matter.Consents{Instead: "the applicant asks its sender to cancel it"}
	}
	return matter.Consents{}
}

// Withdraw returns the events that end a referral whose consent is withdrawn. If it was redirected,
// it is the redirector's turn again.
func Withdraw(world World, actor matter.Actor, subject string, withdrawn *commonv1.ConsentWithdrawn, at time.Time) []matter.Event {
	o := newOutcome(world, Command{Actor: actor, Subject: subject, At: at})
	o.Add(subject, withdrawn)
	return o.Events()
}
