package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// A report that joined another follows it: a step on the other is also recorded on the report. The
// reporter may not know that its report joined (1301/2014 § 35, 621/1999 § 24). What it is shown
// must therefore be possible for a report that joined nothing: one step at a time, with some time
// before the next. Steps that the report still lacks are kept on it, and the clock records them
// later.

// passed is one step that is to be recorded on a report.
type passed struct {
	message proto.Message
	by      *commonv1.Party
}

// copyToReports records a step of a concern on the reports that follow it. Before is the concern
// before the step.
func (o *outcome) copyToReports(before Concern, m proto.Message, by *commonv1.Party) {
	_, follows := paceOf(m)
	if _, receipt := m.(*concernv1.ConcernReceived); receipt || !follows && !ends(m) {
		// Each report is received separately.
		return
	}
	for _, report := range o.joinedTo(before) {
		// The report may have followed a concern that has ended with this step.
		if c := o.State(report); c.IsOpen() && (o.followed(c) == before.Subject || c.OwnLead == ID(before.Subject)) {
			o.pass(report, before, passed{onReport(report, m), by})
		}
	}
}

// joinedTo returns the reports that may follow a concern: those that joined it. If the concern
// itself joined another, they are those reports that its own reporter is shown to have joined it.
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

// followed returns the concern whose steps are recorded on a report: its own agency's earliest
// report, if the reporter is shown that the report joined that one; else the leading concern.
func (o *outcome) followed(c Concern) string {
	if own := Collection + c.OwnLead; c.OwnLead != "" && o.State(own).IsOpen() {
		return own
	}
	return c.Lead
}

// pass records on a report a step of the concern that it follows. The end of the concern is
// recorded at once, whatever the report still lacks: nothing follows it, and later reports about
// the client do not join a concern that has ended.
func (o *outcome) pass(report string, lead Concern, step passed) {
	c := o.State(report)
	switch {
	case ends(step.message):
		o.AddBy(report, step.message, step.by)
	case has(c, step.message):
	case len(c.Later) > 0:
		o.discloseLater(report, lead, []passed{step})
	case !fits(c, step.message):
	default:
		steps := append(o.missing(c, lead, step.by), step)
		if len(steps) > 1 && !o.discloses(report, step.message) {
			// A step that the reporter may not see must not cause anything that the reporter is
			// shown. What a report lacks before its receipt is recorded after the receipt.
			if c.State != stateSubmitted {
				o.discloseLater(report, lead, steps)
			}
			return
		}
		o.AddBy(report, steps[0].message, steps[0].by)
		o.discloseLater(report, lead, steps[1:])
	}
}

// discloses reports whether a step is disclosed to a report's own reporter.
func (o *outcome) discloses(report string, m proto.Message) bool {
	reporter := o.world.Subjects[report].Views[o.State(report).Sender.GetAgency()].Reader
	return slices.Contains(Disclosed[matter.NameOf(m)], audienceOf(reporter))
}

// catchUp schedules on a received report the steps that the concern it follows has already passed.
func (o *outcome) catchUp(report string) {
	c := o.State(report)
	if lead := o.followed(c); lead != "" && c.IsOpen() && c.State != stateSubmitted && len(c.Later) == 0 {
		o.discloseLater(report, o.State(lead), o.missing(c, o.State(lead), nil))
	}
}

// missing returns the steps that a concern has passed and a report that follows it has not, each by
// the party that took it there. A receipt is by the party that acts now. Of reassignments it returns only
// that to the present holder.
func (o *outcome) missing(c, lead Concern, by *commonv1.Party) []passed {
	var steps []passed
	holder := o.State(lead.Subject).Holder
	for _, event := range o.world.Subjects[lead.Subject].Events {
		step := passed{onReport(c.Subject, event.Message), event.By}
		switch m := event.Message.(type) {
		case *concernv1.ConcernReassigned:
			if !proto.Equal(m.GetTo(), holder) || !fits(c, m) {
				continue
			}
		case *concernv1.ConcernReceived:
			if by.GetWorker() != "" {
				step.by = by
			}
		}
		if !isCaughtUp(event.Message) || has(c, event.Message) {
			continue
		}
		steps = append(steps, step)
		c = o.Evolve(c, matter.Event{Subject: c.Subject, Message: step.message, By: step.by, At: o.At})
	}
	return steps
}

// isCaughtUp reports whether a step is recorded on a report that joins after it.
func isCaughtUp(m proto.Message) bool {
	_, reassigned := m.(*concernv1.ConcernReassigned)
	return reassigned || stateOf(m) != 0
}

// discloseLater schedules steps on a report, after those that are scheduled already.
func (o *outcome) discloseLater(report string, lead Concern, steps []passed) {
	c := o.State(report)
	kept, expected, last := slices.Clone(c.Later), c, o.At
	for _, step := range kept {
		last = step.GetAt().AsTime()
		expected = o.expect(expected, step)
	}
	for _, step := range steps {
		at, sensible := o.plan(expected, lead, step.message, last)
		event, err := anypb.New(step.message)
		if !sensible || err != nil || !fits(expected, step.message) {
			continue
		}
		next := &concernv1.ConcernJoined_Later_Step{Event: event, By: step.by, At: timestamppb.New(at)}
		kept, expected, last = append(kept, next), o.expect(expected, next), at
	}
	if len(kept) > len(c.Later) {
		o.keepLater(report, kept)
	}
}

// keepLater records the steps that are scheduled on a report.
func (o *outcome) keepLater(report string, steps []*concernv1.ConcernJoined_Later_Step) {
	c := o.State(report)
	o.Draft.Add(report, &concernv1.ConcernJoined{
		JoinedConcernId: ID(c.Lead), OwnJoinedConcernId: c.OwnLead, Later: &concernv1.ConcernJoined_Later{Steps: steps},
	})
}

// expect returns a report as it will be after a scheduled step.
func (o *outcome) expect(c Concern, step *concernv1.ConcernJoined_Later_Step) Concern {
	message, err := step.GetEvent().UnmarshalNew()
	if err != nil {
		return c
	}
	return o.Evolve(c, matter.Event{Subject: c.Subject, Message: message, By: step.GetBy(), At: step.GetAt().AsTime()})
}

// Later returns the events of scheduled steps whose time has come: the end of a concern that was
// taken by the agency that it was forwarded to, or the next step of a report. It returns one step
// only, because the step after it must come some time later, even if the clock had stopped.
func Later(world World, subject string, at time.Time) []matter.Event {
	c := world.State(subject)
	if !c.ClosesAt.IsZero() && c.IsOpen() && !c.ClosesAt.After(at) {
		o := newOutcome(world, Command{Subject: subject, At: at})
		o.AddBy(subject, &concernv1.ConcernClosed{Outcome: concernv1.Outcome_OUTCOME_FORWARDED}, &commonv1.Party{Agency: c.Receiver.GetAgency()})
		return o.Events()
	}
	steps := c.Later
	if len(steps) == 0 || steps[0].GetAt().AsTime().After(at) {
		return nil
	}
	o := newOutcome(world, Command{Subject: subject, At: at})
	message, err := steps[0].GetEvent().UnmarshalNew()
	if err != nil || late(message, at) || has(o.State(subject), message) || !fits(o.State(subject), message) {
		// The step is about a time that has passed by now. No other report would be shown such a
		// step.
		o.keepLater(subject, steps[1:])
	} else {
		o.AddBy(subject, message, steps[0].GetBy())
	}
	return o.Events()
}

// unscheduled removes a step that was recorded now from the scheduled ones. If it was recorded late, the
// others are delayed by the same time.
func (c Concern) unscheduled(e matter.Event) Concern {
	if len(c.Later) == 0 {
		return c
	}
	if c.Lead == "" || !c.IsOpen() {
		c.Later = nil
		return c
	}
	if next := c.Later[0]; next.GetEvent().MessageIs(e.Message) {
		c.Later = delayed(c.Later[1:], max(0, e.At.Sub(next.GetAt().AsTime())))
	}
	return c
}

// postponed returns a report that was found overdue at a time, with the scheduled steps whose time
// had passed too after that time: a report that joined nothing would have been overdue before
// anybody could take its next step.
func (c Concern) postponed(at time.Time) Concern {
	if len(c.Later) == 0 || c.Later[0].GetAt().AsTime().After(at) {
		return c
	}
	first := withinOfficeHours(at.Add(time.Duration(float64(leastWait)*(1+matter.Chance(c.Lead, c.Subject, "stopped")))), c.Lead, c.Subject, "stopped morning")
	c.Later = delayed(c.Later, first.Truncate(time.Microsecond).Sub(c.Later[0].GetAt().AsTime()))
	return c
}

// delayed returns scheduled steps, each by a time later.
func delayed(steps []*concernv1.ConcernJoined_Later_Step, by time.Duration) []*concernv1.ConcernJoined_Later_Step {
	var all []*concernv1.ConcernJoined_Later_Step
	for _, step := range steps {
		step = proto.CloneOf(step)
		step.At = timestamppb.New(step.GetAt().AsTime().Add(by))
		all = append(all, step)
	}
	return all
}

// onReport returns a step of a lead as it is recorded on a report that joined it: of a contact its result and
// the next attempt, of an appointment its time and result, under an id of the report's own, of a reassignment
// its new holder.
func onReport(report string, m proto.Message) proto.Message {
	switch m := m.(type) {
	case *concernv1.ContactAttempted:
		return &concernv1.ContactAttempted{Result: m.GetResult(), NextAttemptAt: m.GetNextAttemptAt()}
	case *commonv1.AppointmentScheduled:
		return &commonv1.AppointmentScheduled{AppointmentId: appointmentOn(report, m.GetAppointmentId()), At: m.GetAt()}
	case *commonv1.AppointmentResultRecorded:
		return &commonv1.AppointmentResultRecorded{AppointmentId: appointmentOn(report, m.GetAppointmentId()), Result: m.GetResult()}
	case *concernv1.ConcernReassigned:
		return &concernv1.ConcernReassigned{To: m.GetTo()}
	default:
		return m
	}
}

// fits reports whether a step is possible on a report: the result of an appointment needs the appointment, and a
// reassignment another holder. A reassignment says nothing of a report that nobody has received: its clock goes on.
func fits(c Concern, m proto.Message) bool {
	switch m := m.(type) {
	case *commonv1.AppointmentResultRecorded:
		return c.awaits(m.GetAppointmentId())
	case *concernv1.ConcernReassigned:
		return c.State != stateSubmitted && !proto.Equal(m.GetTo(), c.Holder)
	default:
		return true
	}
}

// ends reports whether a step on a concern also ends the reports that follow it.
func ends(m proto.Message) bool {
	switch m.(type) {
	case *concernv1.ConcernClosed, *concernv1.ConcernDeclined:
		return true
	default:
		return false
	}
}

// stateOf returns the state that a step leads to if the step is taken once in a concern; 0 for all
// other steps.
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

// has reports whether a concern has passed a step that is taken once.
func has(c Concern, m proto.Message) bool {
	state := stateOf(m)
	return state != 0 && c.State >= state
}
