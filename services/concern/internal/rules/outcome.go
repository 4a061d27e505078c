package rules

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// outcome is the draft of one command. It adds the events that follow for related concerns: the
// steps of a leading concern are recorded on the reports that joined it, and the forwarder's
// concern records what the next receiver did.
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

// add records an event and all events that follow from it.
func (o *outcome) add(subject string, m proto.Message) {
	o.addBy(subject, m, o.Actor.Party())
}

func (o *outcome) addBy(subject string, m proto.Message, by *commonv1.Party) {
	before := o.State(subject)
	o.Add(subject, m, by)
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

// receive records the receipt, and schedules what the followed concern has passed meanwhile.
func (o *outcome) receive(subject string) {
	o.add(subject, &concernv1.ConcernReceived{})
	o.catchUp(subject)
}

// answerForwarder records on the forwarder's concern what became of the one that it forwarded. If
// the next receiver took it (or ended it, which implies that it took it), the forwarder's concern
// ends, unless it was kept open. Otherwise it is the forwarder's turn again.
func (o *outcome) answerForwarder(subject string, before Concern, m proto.Message) {
	from := before.ForwardedFrom
	if from == "" {
		return
	}
	forwarder := o.State(from)
	offer, known := forwarder.forwardTo(subject)
	if !known || !offer.Pending || forwarder.Ended() {
		return
	}
	// Recorded as the forwarder's own act: its reporter must not learn where the concern went.
	by := &commonv1.Party{Agency: forwarder.Receiver.GetAgency()}
	caught := false
	switch m := m.(type) {
	case *concernv1.ConcernTaken:
		caught = true
	case *concernv1.ConcernClosed:
		// It was forwarded once more, perhaps back to an earlier agency: no worker here took it.
		caught = m.GetOutcome() != concernv1.Outcome_OUTCOME_FORWARDED
	case *concernv1.ConcernDeclined, *concernv1.ConcernWithdrawn, *commonv1.EnteredInError:
	default:
		return
	}
	answered := &concernv1.ForwardAnswered{ForwardedConcernId: ID(subject), Phase: o.State(subject).Phase}
	// A declined concern waits for its reporter, who was not shown the offer. It does not end
	// because of the offer.
	caught = caught && !offer.KeepOpen && forwarder.State != stateDeclined
	switch {
	case caught && o.disclosesToOneReporter(from, before):
		answered.ClosesAt = timestamppb.New(o.closing(from, subject))
	case caught:
		o.addBy(from, &concernv1.ConcernClosed{Outcome: concernv1.Outcome_OUTCOME_FORWARDED}, by)
		return
	}
	o.addBy(from, answered, by)
}

// disclosesToOneReporter reports whether an agency that reported to the forwarder also has a report
// that joined the forwarded concern. That agency may not know that the two are connected.
func (o *outcome) disclosesToOneReporter(from string, onward Concern) bool {
	var reporters []string
	for _, subject := range append([]string{from}, o.State(from).Reports...) {
		reporters = append(reporters, o.State(subject).Sender.GetAgency())
	}
	group := append([]string{onward.Subject}, onward.Reports...)
	if onward.Lead != "" {
		group = append([]string{onward.Lead}, o.State(onward.Lead).Reports...)
	}
	return slices.ContainsFunc(group, func(subject string) bool {
		return slices.Contains(reporters, o.State(subject).Sender.GetAgency())
	})
}

// promoteAfter chooses a new lead for the reports that had joined a concern which is gone: the true
// lead, and the lead that each reporter is shown.
func (o *outcome) promoteAfter(gone Concern) {
	lead, reports := gone.Subject, gone.Reports
	if gone.Lead != "" {
		lead, reports = gone.Lead, o.State(gone.Lead).Reports
	}
	var rest []Concern
	for _, subject := range append([]string{lead}, reports...) {
		if c := o.State(subject); subject != gone.Subject && !o.leaving[subject] && c.IsOpen() {
			rest = append(rest, c)
		}
	}
	slices.SortStableFunc(rest, func(a, b Concern) int { return a.Started.Compare(b.Started) })
	if len(rest) > 0 && lead == gone.Subject {
		lead = rest[0].Subject
	}
	own := ""
	for _, c := range rest {
		orphaned := c.OwnLead != "" && c.OwnLead == ID(gone.Subject)
		shown := orphaned && own == ""
		if shown {
			own = ID(c.Subject)
		}
		switch {
		case c.Subject == lead && c.Lead == gone.Subject:
			o.add(c.Subject, &concernv1.ConcernPromoted{
				JoinedConcernIds: others(rest, lead), ReporterShown: shown, Urgency: gone.Clock.Urgency, TakenBefore: gone.taken() || gone.TakenBefore,
			})
		case shown:
			o.add(c.Subject, &concernv1.ConcernPromoted{JoinedConcernId: ID(lead), ReporterShown: true})
		case orphaned:
			o.add(c.Subject, &concernv1.ConcernJoined{JoinedConcernId: ID(lead), OwnJoinedConcernId: own})
		case c.Lead == gone.Subject:
			o.add(c.Subject, &concernv1.ConcernJoined{JoinedConcernId: ID(lead), OwnJoinedConcernId: c.OwnLead})
		}
	}
	for _, c := range rest {
		o.catchUp(c.Subject)
	}
}

func others(rest []Concern, lead string) []string {
	var ids []string
	for _, c := range rest {
		if c.Subject != lead {
			ids = append(ids, ID(c.Subject))
		}
	}
	return ids
}
