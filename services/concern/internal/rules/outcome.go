package rules

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// outcome is the draft of one command, and knows what follows from each event for
// the concerns around it: a report that joined gets its lead's steps, a forwarder
// learns what the next receiver did.
type outcome struct {
	*loop.Draft[Concern]
	world World
	facts Facts
}

func newOutcome(world World, command Command) *outcome {
	return &outcome{Draft: loop.NewDraft(world, command, Evolve), world: world, facts: command.Facts}
}

// add records an event and all that follows from it.
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

// revoke enters a concern in error, and with it whatever was passed on of it. The
// reports that had joined it go on under another, which first gets what it had passed.
func (o *outcome) revoke(subject, reason string, by *commonv1.Party) {
	before := o.State(subject)
	for _, report := range before.Reports {
		if c := o.State(report); before.IsOpen() && c.IsOpen() && c.Lead == subject {
			o.catchUp(report, before, before.Holder)
		}
	}
	o.Revoke(subject, reason, Readers(before, false), by)
	o.answerForwarder(subject, before, &commonv1.EnteredInError{})
	if before.IsOpen() {
		o.promoteAfter(before)
	}
	for _, forward := range before.Forwards {
		if onward := o.State(forward.Subject); onward.Exists() && !onward.IsRevoked() {
			// By the forwarder, whose report it is: the first reporter is not known there.
			o.revoke(forward.Subject, reason, &commonv1.Party{Agency: onward.Sender.GetAgency()})
		}
	}
}

// receive records the receipt, and of a report that joined all that its lead has
// passed meanwhile.
func (o *outcome) receive(subject string) {
	o.add(subject, &concernv1.ConcernReceived{})
	if lead := o.State(subject).Lead; lead != "" {
		o.catchUp(subject, o.State(lead), o.Actor.Party())
	}
}

// copyToReports appends the lead's steps to the reports that joined it.
func (o *outcome) copyToReports(lead Concern, m proto.Message, by *commonv1.Party) {
	switch m.(type) {
	case *concernv1.ConcernTaken, *concernv1.ContactAttempted, *commonv1.ContactPlanned, *concernv1.AssessmentStarted,
		*concernv1.AssessmentCompleted, *concernv1.ConcernDeclined, *concernv1.ConcernClosed:
	default:
		return
	}
	if lead.Lead != "" {
		return
	}
	for _, report := range lead.Reports {
		if c := o.State(report); c.IsOpen() && c.Lead == lead.Subject {
			o.catchUp(report, lead, by)
			o.addBy(report, m, by)
		}
	}
}

// catchUp appends what the lead has passed and the report lacks.
func (o *outcome) catchUp(report string, lead Concern, by *commonv1.Party) {
	if by.GetWorker() == "" {
		// The lead ends by what another agency did, which must not show here.
		by = orParty(lead.Taker, lead.ReceivedBy)
	}
	lacks := func(state concernv1.ConcernState) bool {
		return lead.State >= state && o.State(report).State < state
	}
	if c := o.State(report); lead.ReceivedBy != nil && c.State == stateSubmitted {
		o.addBy(report, &concernv1.ConcernReceived{}, by)
	}
	if lacks(stateTaken) {
		// By the worker who took the lead, as if it had been taken with it: whoever
		// has the lead by now was not told to this reporter.
		o.addBy(report, &concernv1.ConcernTaken{Worker: lead.Taker}, lead.Taker)
	}
	if lacks(stateInAssessment) {
		o.addBy(report, &concernv1.AssessmentStarted{}, by)
	}
	if lacks(stateAssessed) {
		o.addBy(report, &concernv1.AssessmentCompleted{SupportNeed: lead.SupportNeed, PlanId: lead.PlanID}, by)
	}
}

// answerForwarder tells the forwarder's concern what became of the one that it
// forwarded. Taken there (or ended there, which implies it), the forwarder's ends
// unless kept open; else the turn is the forwarder's again.
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
	// Recorded as the forwarder's own: its reporter must not learn to whom it went.
	by := &commonv1.Party{Agency: forwarder.Receiver.GetAgency()}
	caught := false
	switch m := m.(type) {
	case *concernv1.ConcernTaken:
		caught = true
	case *concernv1.ConcernClosed:
		// Passed on once more, perhaps back in a circle: nobody here has caught it.
		caught = m.GetOutcome() != concernv1.Outcome_OUTCOME_FORWARDED
	case *concernv1.ConcernDeclined, *concernv1.ConcernWithdrawn, *commonv1.EnteredInError:
	default:
		return
	}
	if caught && !offer.KeepOpen {
		o.addBy(from, &concernv1.ConcernClosed{Outcome: concernv1.Outcome_OUTCOME_FORWARDED}, by)
		return
	}
	o.addBy(from, &concernv1.ForwardAnswered{ForwardedConcernId: ID(subject), Phase: o.State(subject).Phase}, by)
}

// promoteAfter finds a new lead for the reports that a withdrawn concern leaves,
// in truth and in what each reporter is shown.
func (o *outcome) promoteAfter(gone Concern) {
	lead, reports := gone.Subject, gone.Reports
	if gone.Lead != "" {
		lead, reports = gone.Lead, o.State(gone.Lead).Reports
	}
	var rest []Concern
	for _, subject := range append([]string{lead}, reports...) {
		if c := o.State(subject); subject != gone.Subject && c.IsOpen() {
			rest = append(rest, c)
		}
	}
	slices.SortStableFunc(rest, func(a, b Concern) int { return loop.ByStart(a.Head, b.Head) })
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
			o.add(c.Subject, &concernv1.ConcernPromoted{JoinedConcernIds: others(rest, lead), ReporterShown: shown})
		case shown:
			o.add(c.Subject, &concernv1.ConcernPromoted{JoinedConcernId: ID(lead), ReporterShown: true})
		case orphaned:
			o.add(c.Subject, &concernv1.ConcernJoined{JoinedConcernId: ID(lead), OwnJoinedConcernId: own})
		case c.Lead == gone.Subject:
			o.add(c.Subject, &concernv1.ConcernJoined{JoinedConcernId: ID(lead), OwnJoinedConcernId: c.OwnLead})
		}
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
