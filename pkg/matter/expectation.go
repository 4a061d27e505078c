package matter

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Expectation is one thing that the client of a matter can expect next. The zero value is none.
type Expectation struct {
	What commonv1.ClientExpectation
	// By is the time at which or by which it is expected; zero if there is none.
	By time.Time
}

// Expect returns an expectation if it holds; else none.
func Expect(holds bool, what commonv1.ClientExpectation, by time.Time) Expectation {
	if !holds {
		return Expectation{}
	}
	return Expectation{What: what, By: by}
}

// Expected returns the one expectation that the client is told, of those that hold: the first in the
// order of their numbers. From an ended matter nothing is expected.
func (h Head) Expected(held ...Expectation) Expectation {
	if h.Ended() {
		return Expectation{What: commonv1.ClientExpectation_CLIENT_EXPECTATION_NOTHING}
	}
	var first Expectation
	for _, one := range held {
		if one.What != 0 && (first.What == 0 || one.What < first.What) {
			first = one
		}
	}
	return first
}

// Appointment returns the next meeting or contact that has a time: a planned contact that has not
// lapsed, or one of the given times, of which zero ones are ignored. If none is ahead, it is the one
// that passed last.
func (h Head) Appointment(now time.Time, others ...time.Time) Expectation {
	times := slices.Clip(others)
	for _, planned := range h.PlannedContacts(now) {
		times = append(times, planned.GetAt().AsTime())
	}
	var next time.Time
	for _, at := range times {
		switch {
		case at.IsZero():
		case next.IsZero(), !next.After(now) && at.After(next), at.After(now) && at.Before(next):
			next = at
		}
	}
	return Expect(!next.IsZero(), commonv1.ClientExpectation_CLIENT_EXPECTATION_APPOINTMENT, next)
}

// ClientStatus returns what the client is told at a time: the expectation, and the unit that is
// responsible. What the directory has of the unit is added where a caller reads the matter.
func (e Expectation) ClientStatus(responsible *commonv1.Party, now time.Time) *commonv1.ClientStatus {
	status := &commonv1.ClientStatus{Expect: e.What}
	if !e.By.IsZero() {
		status.By, status.Late = timestamppb.New(e.By), !e.By.After(now)
	}
	if responsible != nil {
		status.Contact = &commonv1.ContactPoint{Party: UnitAlone(responsible)}
	}
	return status
}
