package rules

import (
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// outcome is the draft of one command. Its Add and AddBy also add the events that follow for related
// concerns: the steps of a leading concern are recorded on the reports that joined it, and the
// forwarder's concern records what the next receiver did.
type outcome struct {
	*matter.Draft[Concern]
	world World
	facts Facts
	// leaving are the concerns that are entered in error together with the commanded one. None of
	// them becomes a lead.
	leaving map[string]bool
}

func newOutcome(world World, command Command) *outcome {
	return &outcome{Draft: matter.NewDraft(world, command, Evolve), world: world, facts: command.Facts, leaving: map[string]bool{}}
}

// Add records an event, as the actor's act, and all events that follow from it.
func (o *outcome) Add(subject string, m proto.Message) {
	o.AddBy(subject, m, o.Actor.Party())
}

// AddBy does the same for the act of another party.
func (o *outcome) AddBy(subject string, m proto.Message, by *commonv1.Party) {
	before := o.State(subject)
	o.Draft.AddBy(subject, m, by)
	o.copyToReports(before, m, by)
	o.answerForwarder(subject, before, m)
	if _, withdrawn := m.(*concernv1.ConcernWithdrawn); withdrawn {
		o.promoteAfter(before)
	}
}

// revoke enters a concern in error, and with it the concerns that it was forwarded as. The reports
// that had joined it go on under another lead, each in its own state: if all of them took a step at
// this moment, that would show that they are connected.
func (o *outcome) revoke(subject, reason string, by *commonv1.Party) {
	before := o.State(subject)
	for _, forward := range before.Forwards {
		o.leaving[forward.Subject] = true
	}
	o.Revoke(subject, reason, Readers(before, false), by)
	o.answerForwarder(subject, before, &commonv1.EnteredInError{})
	if before.IsOpen() {
		o.promoteAfter(before)
	}
	for _, forward := range before.Forwards {
		if onward := o.State(forward.Subject); onward.Exists() && !onward.IsRevoked() {
			// The forwarder revokes it, because it reported it: the first reporter is not known
			// there.
			o.revoke(forward.Subject, reason, &commonv1.Party{Agency: onward.Sender.GetAgency()})
		}
	}
}
