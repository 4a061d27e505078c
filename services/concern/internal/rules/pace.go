package rules

import (
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// pace gives the shortest and the longest time between a step on a report and the step before it,
// when the report lacks both.
type pace struct{ least, most time.Duration }

// leastWait is the shortest time between two steps that people take one after the other.
const leastWait = 10 * time.Minute

// paceOf returns the pace of a step that is recorded on following reports; false for all other
// steps, and for ends, which are never delayed.
func paceOf(m proto.Message) (pace, bool) {
	switch m.(type) {
	case *concernv1.ConcernReceived, *concernv1.ConcernReassigned, *concernv1.ContactAttempted, *commonv1.ContactPlanned, *commonv1.AppointmentScheduled, *commonv1.AppointmentResultRecorded:
		return pace{leastWait, 24 * time.Hour}, true
	case *concernv1.ConcernTaken:
		return pace{leastWait, 48 * time.Hour}, true
	case *concernv1.AssessmentStarted:
		return pace{time.Hour, 5 * 24 * time.Hour}, true
	case *concernv1.AssessmentCompleted:
		return pace{24 * time.Hour, 30 * 24 * time.Hour}, true
	default:
		return pace{}, false
	}
}

// plan returns when a step is recorded on a report, given the time of the step before it. The
// interval is about as long as it was on the followed concern, so that the times are spread as in
// real work. The time is within office hours, and before the due time, because the step was done by
// then. It returns false if the step would then be about a time that has passed.
func (o *outcome) plan(c, lead Concern, m proto.Message, after time.Time) (time.Time, bool) {
	bounds, _ := paceOf(m)
	wait := min(max(o.waited(lead.Subject, m), bounds.least), bounds.most)
	at := after.Add(time.Duration(float64(wait) * (0.5 + matter.Chance(lead.Subject, c.Subject, matter.NameOf(m), "wait"))))
	at = withinOfficeHours(at, lead.Subject, c.Subject, matter.NameOf(m), "morning")
	until := deadline(c).At
	if next := ahead(m); !next.IsZero() && next.Before(until) {
		until = next
	}
	if !until.After(after.Add(time.Second)) {
		return at, ahead(m).IsZero()
	}
	if !at.Before(until) {
		at = after.Add(time.Duration(float64(until.Sub(after)) * (0.2 + 0.6*matter.Chance(lead.Subject, c.Subject, matter.NameOf(m), "due"))))
	}
	return at.Truncate(time.Microsecond), true
}

// withinOfficeHours returns a time, or one in the first two hours of the next working day if it is
// outside office hours. The names determine which: see matter.Chance.
func withinOfficeHours(at time.Time, names ...string) time.Time {
	if matter.InOfficeHours(at) {
		return at
	}
	return matter.AfterOfficeHours(at, time.Duration(float64(2*time.Hour)*matter.Chance(names...)))
}

// waited returns the time between a concern's last event of the same kind as m and the event before
// it that has a pace or is the submission; zero if there is none.
func (o *outcome) waited(lead string, m proto.Message) time.Duration {
	before, last, waited := time.Time{}, time.Time{}, time.Duration(0)
	for _, event := range o.world.Subjects[lead].Events {
		if _, follows := paceOf(event.Message); !follows && matter.NameOf(event.Message) != "ConcernSubmitted" {
			continue
		}
		before, last = last, event.At
		if matter.NameOf(event.Message) == matter.NameOf(m) && !before.IsZero() {
			waited = last.Sub(before)
		}
	}
	return waited
}

// ahead returns the future time that a step is about; zero if there is none.
func ahead(m proto.Message) time.Time {
	switch m := m.(type) {
	case *commonv1.ContactPlanned:
		if m.GetAt() != nil {
			return m.GetAt().AsTime()
		}
	case *commonv1.AppointmentScheduled:
		return m.GetAt().AsTime()
	case *concernv1.ContactAttempted:
		if m.GetNextAttemptAt() != nil {
			return m.GetNextAttemptAt().AsTime()
		}
	}
	return time.Time{}
}

// late reports whether the future time that a step is about has passed.
func late(m proto.Message, at time.Time) bool {
	next := ahead(m)
	return !next.IsZero() && !next.After(at)
}
