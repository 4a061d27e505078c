package rules

import (
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// pace bounds how long after the step before it a step is told of a report that lacks both.
type pace struct{ least, most time.Duration }

// paceOf says so of the steps that reports are told of the concern that they follow; false
// for all others, and for ends, which nothing delays.
func paceOf(m proto.Message) (pace, bool) {
	switch m.(type) {
	case *concernv1.ConcernReceived, *concernv1.ContactAttempted, *commonv1.ContactPlanned:
		return pace{10 * time.Minute, 24 * time.Hour}, true
	case *concernv1.ConcernTaken:
		return pace{10 * time.Minute, 48 * time.Hour}, true
	case *concernv1.AssessmentStarted:
		return pace{time.Hour, 5 * 24 * time.Hour}, true
	case *concernv1.AssessmentCompleted:
		return pace{24 * time.Hour, 30 * 24 * time.Hour}, true
	default:
		return pace{}, false
	}
}

// plan is when a step is told of a report, after another: about as long after it as the
// step came there, so that the times are spread as they are where people work; in office
// hours; and before what is due passes, since what was due is done. It is false where the
// step would then be of the past.
func (o *outcome) plan(c, lead Concern, m proto.Message, after time.Time) (time.Time, bool) {
	bounds, _ := paceOf(m)
	wait := min(max(o.waited(lead.Subject, m), bounds.least), bounds.most)
	at := after.Add(time.Duration(float64(wait) * (0.5 + loop.Chance(lead.Subject, c.Subject, loop.NameOf(m), "wait"))))
	if !loop.InOfficeHours(at) {
		at = loop.AfterOfficeHours(at, time.Duration(float64(2*time.Hour)*loop.Chance(lead.Subject, c.Subject, loop.NameOf(m), "morning")))
	}
	until := deadline(c).At
	if next := ahead(m); !next.IsZero() && next.Before(until) {
		until = next
	}
	if !until.After(after.Add(time.Second)) {
		return at, ahead(m).IsZero()
	}
	if !at.Before(until) {
		at = after.Add(time.Duration(float64(until.Sub(after)) * (0.2 + 0.6*loop.Chance(lead.Subject, c.Subject, loop.NameOf(m), "due"))))
	}
	return at.Truncate(time.Microsecond), true
}

// closing is when a concern is closed that was taken where it was forwarded.
func (o *outcome) closing(from, onward string) time.Time {
	at := o.At.Add(time.Duration(float64(10*time.Minute) * (0.5 + loop.Chance(from, onward, "closing"))))
	if !loop.InOfficeHours(at) {
		at = loop.AfterOfficeHours(at, time.Duration(float64(2*time.Hour)*loop.Chance(from, onward, "morning")))
	}
	return at.Truncate(time.Microsecond)
}

// waited is how long before its last step of a kind a concern's own reporter was told
// another one; zero where it was not.
func (o *outcome) waited(lead string, m proto.Message) time.Duration {
	before, last, waited := time.Time{}, time.Time{}, time.Duration(0)
	for _, event := range o.world.Subjects[lead].Events {
		if _, follows := paceOf(event.Message); !follows && loop.NameOf(event.Message) != "ConcernSubmitted" {
			continue
		}
		before, last = last, event.At
		if loop.NameOf(event.Message) == loop.NameOf(m) && !before.IsZero() {
			waited = last.Sub(before)
		}
	}
	return waited
}

// ahead is the time to come of which a step speaks; zero for none.
func ahead(m proto.Message) time.Time {
	switch m := m.(type) {
	case *commonv1.ContactPlanned:
		if m.GetAt() != nil {
			return m.GetAt().AsTime()
		}
	case *concernv1.ContactAttempted:
		if m.GetNextAttemptAt() != nil {
			return m.GetNextAttemptAt().AsTime()
		}
	}
	return time.Time{}
}

// late tells whether what a step speaks of as to come has passed.
func late(m proto.Message, at time.Time) bool {
	next := ahead(m)
	return !next.IsZero() && !next.After(at)
}
