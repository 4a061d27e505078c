package rules

import (
	"cmp"
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// outcome collects what one command records, concern by concern, and what follows
// from each event for the concerns around it: a report that joined gets its
// lead's steps, a forwarder learns what the next receiver did.
type outcome struct {
	world   World
	command Command
	states  map[string]Concern
	decided map[string][]loop.Event
}

func newOutcome(world World, command Command) *outcome {
	return &outcome{world: world, command: command, states: map[string]Concern{}, decided: map[string][]loop.Event{}}
}

// state of a concern with all that was decided so far.
func (o *outcome) state(subject string) Concern {
	if c, touched := o.states[subject]; touched {
		return c
	}
	return o.world.State(subject)
}

// start records the first event of a new concern.
func (o *outcome) start(subject string, basis *commonv1.LegalBasis, client, caseID string, m *concernv1.ConcernSubmitted) {
	o.record(loop.Event{
		Subject: subject, Message: m, By: o.command.Actor.Party(), Basis: basis, At: o.command.At, Client: client, Case: caseID,
	})
}

// add records an event and all that follows from it.
func (o *outcome) add(subject string, m proto.Message) {
	o.addBy(subject, m, o.command.Actor.Party())
}

func (o *outcome) addBy(subject string, m proto.Message, by *commonv1.Party) {
	before := o.state(subject)
	o.record(loop.Event{
		Subject: subject, Message: m, By: by, Basis: before.Basis, At: o.command.At, Client: before.Client, Case: before.Case,
	})
	o.copyToReports(before, m, by)
	o.answerForwarder(subject, before, m)
	if _, withdrawn := m.(*concernv1.ConcernWithdrawn); withdrawn {
		o.promoteAfter(before)
	}
}

// receive records the receipt, and of a report that joined all that its lead has
// passed meanwhile.
func (o *outcome) receive(subject string) {
	o.add(subject, &concernv1.ConcernReceived{})
	if lead := o.state(subject).Lead; lead != "" {
		o.catchUp(subject, o.state(lead), o.command.Actor.Party())
	}
}

func (o *outcome) record(e loop.Event) {
	o.decided[e.Subject] = append(o.decided[e.Subject], e)
	o.states[e.Subject] = Evolve(o.state(e.Subject), e)
}

// copyToReports appends the lead's steps to the reports that joined it.
func (o *outcome) copyToReports(lead Concern, m proto.Message, by *commonv1.Party) {
	switch m.(type) {
	case *concernv1.ConcernTaken, *concernv1.ContactAttempted, *concernv1.AssessmentStarted,
		*concernv1.AssessmentCompleted, *concernv1.ConcernDeclined, *concernv1.ConcernClosed:
	default:
		return
	}
	if lead.Lead != "" {
		return
	}
	for _, report := range lead.Reports {
		if c := o.state(report); c.IsOpen() && c.Lead == lead.Subject {
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
		return lead.State >= state && o.state(report).State < state
	}
	if c := o.state(report); lead.ReceivedBy != nil && c.State == stateSubmitted {
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
	forwarder := o.state(from)
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
	case *concernv1.ConcernDeclined, *concernv1.ConcernWithdrawn:
	default:
		return
	}
	if caught && !offer.KeepOpen {
		o.addBy(from, &concernv1.ConcernClosed{Outcome: concernv1.Outcome_OUTCOME_FORWARDED}, by)
		return
	}
	o.addBy(from, &concernv1.ForwardAnswered{ForwardedConcernId: ID(subject), Phase: o.state(subject).Phase}, by)
}

// promoteAfter finds a new lead for the reports that a withdrawn concern leaves,
// in truth and in what each reporter is shown.
func (o *outcome) promoteAfter(gone Concern) {
	lead := firstOf(gone.Lead, gone.Subject)
	var rest []Concern
	for _, subject := range append([]string{lead}, o.state(lead).Reports...) {
		if c := o.state(subject); subject != gone.Subject && c.IsOpen() {
			rest = append(rest, c)
		}
	}
	slices.SortStableFunc(rest, BySubmission)
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

// BySubmission orders concerns by their submission.
func BySubmission(a, b Concern) int {
	return cmp.Or(a.Submitted.Compare(b.Submitted), cmp.Compare(a.Subject, b.Subject))
}

// events lists what was decided: the commanded concern's first, then the others'
// by their submission.
func (o *outcome) events() []loop.Event {
	subjects := make([]Concern, 0, len(o.decided))
	for subject := range o.decided {
		subjects = append(subjects, o.states[subject])
	}
	slices.SortFunc(subjects, func(a, b Concern) int {
		switch o.command.Subject {
		case a.Subject:
			return -1
		case b.Subject:
			return 1
		}
		return BySubmission(a, b)
	})
	var events []loop.Event
	for _, c := range subjects {
		events = append(events, o.decided[c.Subject]...)
	}
	return events
}
