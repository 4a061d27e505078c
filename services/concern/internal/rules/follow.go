package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// A report that joined another follows it: what is done with the one is told of the other.
// Its reporter may not know that it joined (1301/2014 § 35, 621/1999 § 24), so that it is
// told what a report that joined nothing could be told: one step at one moment, and the
// next one some time after it. What it lacks is kept on the report and told by the clock.

// passed is one step that is told of a report.
type passed struct {
	message proto.Message
	by      *commonv1.Party
}

// copyToReports tells the reports that follow a concern, as it was before, of its step.
func (o *outcome) copyToReports(before Concern, m proto.Message, by *commonv1.Party) {
	_, follows := paceOf(m)
	if _, receipt := m.(*concernv1.ConcernReceived); receipt || !follows && !ends(m) {
		// Each report is received for itself.
		return
	}
	for _, report := range o.joinedTo(before) {
		// It followed one that has just ended, too.
		if c := o.State(report); c.IsOpen() && (o.followed(c) == before.Subject || c.OwnLead == ID(before.Subject)) {
			o.pass(report, before, passed{m, by})
		}
	}
}

// joinedTo are the reports that may follow a concern: those that joined it, or, where it
// joined another itself, those of them that its own reporter is shown to have joined it.
func (o *outcome) joinedTo(c Concern) []string {
	if c.Lead == "" {
		return c.Reports
	}
	var own []string
	for _, report := range o.State(c.Lead).Reports {
		if o.State(report).OwnLead == ID(c.Subject) {
			own = append(own, report)
		}
	}
	return own
}

// followed is the concern whose steps a report is told: its own agency's earliest report,
// where the reporter is shown that it joined that one, and else the one that leads.
func (o *outcome) followed(c Concern) string {
	if own := Collection + c.OwnLead; c.OwnLead != "" && o.State(own).IsOpen() {
		return own
	}
	return c.Lead
}

// pass tells a report of a step of the concern that it follows. An end is told at once,
// whatever the report still lacks: nothing more follows, and later reports about the client
// do not join what has ended.
func (o *outcome) pass(report string, lead Concern, step passed) {
	c := o.State(report)
	switch {
	case ends(step.message):
		o.addBy(report, step.message, step.by)
	case has(c, step.message):
	case len(c.Later) > 0:
		o.discloseLater(report, lead, []passed{step})
	default:
		steps := append(o.missing(c, lead, step.by), step)
		if len(steps) > 1 && !o.discloses(report, step.message) {
			// Nothing that its reporter is told may come of a step of which it is not told. What a
			// report lacks before it is received, it is told after its receipt.
			if c.State != stateSubmitted {
				o.discloseLater(report, lead, steps)
			}
			return
		}
		o.addBy(report, steps[0].message, steps[0].by)
		o.discloseLater(report, lead, steps[1:])
	}
}

// discloses tells whether a report's own reporter is told of a step at all.
func (o *outcome) discloses(report string, m proto.Message) bool {
	reporter := o.world.Subjects[report].Views[o.State(report).Sender.GetAgency()].Reader
	return slices.Contains(Disclosed[loop.NameOf(m)], audienceOf(reporter))
}

// catchUp has a received report told later what the concern that it follows has passed.
func (o *outcome) catchUp(report string) {
	c := o.State(report)
	if lead := o.followed(c); lead != "" && c.IsOpen() && c.State != stateSubmitted && len(c.Later) == 0 {
		o.discloseLater(report, o.State(lead), o.missing(c, o.State(lead), nil))
	}
}

// missing are the steps that a concern has passed and a report that follows it has not,
// each as it was taken there; a receipt is by who acts now.
func (o *outcome) missing(c, lead Concern, by *commonv1.Party) []passed {
	var steps []passed
	for _, event := range o.world.Subjects[lead.Subject].Events {
		if stateOf(event.Message) == 0 || has(c, event.Message) {
			continue
		}
		step := passed{event.Message, event.By}
		if _, receipt := event.Message.(*concernv1.ConcernReceived); receipt && by.GetWorker() != "" {
			step.by = by
		}
		steps = append(steps, step)
	}
	return steps
}

// discloseLater keeps steps on a report, to be told after those that are kept already.
func (o *outcome) discloseLater(report string, lead Concern, steps []passed) {
	c := o.State(report)
	kept, expected, last := slices.Clone(c.Later), c, o.At
	for _, step := range kept {
		last = step.GetAt().AsTime()
		expected = expect(expected, step)
	}
	for _, step := range steps {
		at, sensible := o.plan(expected, lead, step.message, last)
		event, err := anypb.New(step.message)
		if !sensible || err != nil {
			continue
		}
		next := &concernv1.ConcernJoined_Later_Step{Event: event, By: step.by, At: timestamppb.New(at)}
		kept, expected, last = append(kept, next), expect(expected, next), at
	}
	if len(kept) > len(c.Later) {
		o.keepLater(report, kept)
	}
}

// keepLater records what a report is yet to be told.
func (o *outcome) keepLater(report string, steps []*concernv1.ConcernJoined_Later_Step) {
	c := o.State(report)
	o.Add(report, &concernv1.ConcernJoined{
		JoinedConcernId: ID(c.Lead), OwnJoinedConcernId: c.OwnLead, Later: &concernv1.ConcernJoined_Later{Steps: steps},
	}, o.Actor.Party())
}

// expect is a report once a step was told of it when it was to be.
func expect(c Concern, step *concernv1.ConcernJoined_Later_Step) Concern {
	message, err := step.GetEvent().UnmarshalNew()
	if err != nil {
		return c
	}
	return Evolve(c, loop.Event{Subject: c.Subject, Message: message, By: step.GetBy(), At: step.GetAt().AsTime()})
}

// Later are the events of what was put off, once it is time: the end of a concern that was
// taken where it was forwarded, and the next step that a report is yet to be told: one, since the next one comes some time after it also where the clock had stopped.
func Later(world World, subject string, at time.Time) []loop.Event {
	c := world.State(subject)
	if !c.ClosesAt.IsZero() && c.IsOpen() && !c.ClosesAt.After(at) {
		o := newOutcome(world, Command{Subject: subject, At: at})
		o.addBy(subject, &concernv1.ConcernClosed{Outcome: concernv1.Outcome_OUTCOME_FORWARDED}, &commonv1.Party{Agency: c.Receiver.GetAgency()})
		return o.Events()
	}
	steps := c.Later
	if len(steps) == 0 || steps[0].GetAt().AsTime().After(at) {
		return nil
	}
	o := newOutcome(world, Command{Subject: subject, At: at})
	message, err := steps[0].GetEvent().UnmarshalNew()
	if err != nil || late(message, at) || has(o.State(subject), message) {
		// Told now it would be of the past, which no other report is told.
		o.keepLater(subject, steps[1:])
	} else {
		o.addBy(subject, message, steps[0].GetBy())
	}
	return o.Events()
}

// told takes what was told out of what is told later; where it was told late the rest keeps
// its distance.
func (c Concern) told(e loop.Event) Concern {
	if len(c.Later) == 0 {
		return c
	}
	if c.Lead == "" || !c.IsOpen() {
		c.Later = nil
		return c
	}
	if next := c.Later[0]; next.GetEvent().MessageIs(e.Message) {
		behind := max(0, e.At.Sub(next.GetAt().AsTime()))
		var rest []*concernv1.ConcernJoined_Later_Step
		for _, step := range c.Later[1:] {
			step = proto.CloneOf(step)
			step.At = timestamppb.New(step.GetAt().AsTime().Add(behind))
			rest = append(rest, step)
		}
		c.Later = rest
	}
	return c
}

// ends tells the steps that end a concern for its reports too.
func ends(m proto.Message) bool {
	switch m.(type) {
	case *concernv1.ConcernClosed, *concernv1.ConcernDeclined:
		return true
	default:
		return false
	}
}

// stateOf is the state that a step leads to which is taken once in a concern; 0 for others.
func stateOf(m proto.Message) concernv1.ConcernState {
	switch m.(type) {
	case *concernv1.ConcernReceived:
		return stateReceived
	case *concernv1.ConcernTaken:
		return stateTaken
	case *concernv1.AssessmentStarted:
		return stateInAssessment
	case *concernv1.AssessmentCompleted:
		return stateAssessed
	default:
		return concernv1.ConcernState_CONCERN_STATE_UNSPECIFIED
	}
}

// has tells whether a concern has passed a step that is taken once.
func has(c Concern, m proto.Message) bool {
	state := stateOf(m)
	return state != 0 && c.State >= state
}
