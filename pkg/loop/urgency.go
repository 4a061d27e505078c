package loop

import (
	"time"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// DueRules is the number of the rules by which due times are due now: 0 before urgency
// governed every one of them, 1 since. Recorded with each that passes, so that what was told
// of before folds as it did.
const DueRules = 1

// Clock is how urgent a matter is, and until when it must be handled next. It lies beside the
// due time of the state, and only a person's judgement lets go of it.
type Clock struct {
	// Urgency that governs: the receiver's judgement, else what was sent, else that of a more
	// urgent report that came since.
	Urgency commonv1.Urgency
	// Bound is until when the matter must be handled; zero where it is not urgent. It is never
	// moved out of the past.
	Bound time.Time
	// Touched says that a person at the receiver has handled it since it was sent.
	Touched bool
}

// IsUrgent tells whether an urgency has a clock of its own.
func IsUrgent(urgency commonv1.Urgency) bool {
	return urgency == commonv1.Urgency_URGENCY_EMERGENCY || urgency == commonv1.Urgency_URGENCY_URGENT
}

// UrgentBy is until when a matter must be handled that a person handled at a time: an
// emergency within an hour, an urgent one by the end of the next working day (1301/2014 §
// 36.1: without delay). Zero for all others.
func UrgentBy(urgency commonv1.Urgency, from time.Time) time.Time {
	if !IsUrgent(urgency) {
		return time.Time{}
	}
	return Grace(urgency, Graces{}, from)
}

// IsMoreUrgent tells whether one urgency goes before another. One that is not given counts as
// normal.
func IsMoreUrgent(one, than commonv1.Urgency) bool { return urgencyRank(one) < urgencyRank(than) }

func urgencyRank(urgency commonv1.Urgency) commonv1.Urgency {
	if urgency == commonv1.Urgency_URGENCY_UNSPECIFIED {
		return commonv1.Urgency_URGENCY_NORMAL
	}
	return urgency
}

// StartClock is the clock of what is sent. Until somebody handles it the recorded limit
// stands, since an agency's own limit for what is urgent may be another.
func StartClock(urgency commonv1.Urgency, limit time.Time) Clock {
	if !IsUrgent(urgency) {
		return Clock{Urgency: urgency}
	}
	return Clock{Urgency: urgency, Bound: limit}
}

// Restart counts anew from a time, as from a step that gives the receiver the turn again.
func (c *Clock) Restart(at time.Time) { c.Bound = UrgentBy(c.Urgency, at) }

// Touch counts anew from a person's step at the receiver.
func (c *Clock) Touch(at time.Time) {
	c.Touched = true
	c.Restart(at)
}

// Judge is a person's judgement of how urgent it is; one that says nothing of it keeps what
// governs.
func (c *Clock) Judge(urgency commonv1.Urgency, at time.Time) {
	if urgency != commonv1.Urgency_URGENCY_UNSPECIFIED {
		c.Urgency = urgency
	}
	c.Touch(at)
}

// Heighten takes up the urgency of a report that came at a time, where it is more urgent. What
// was due before that stays due: by the clock, and by the given due time.
func (c *Clock) Heighten(urgency commonv1.Urgency, at, due time.Time) {
	if !IsMoreUrgent(urgency, c.Urgency) {
		return
	}
	c.Urgency = urgency
	c.Bound = earlierOf(UrgentBy(urgency, at), earlierOf(c.Bound, due))
}

// earlierOf is the earlier of two times, of which zero is none.
func earlierOf(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Deadline is a due time with what it rests on.
type Deadline struct {
	At    time.Time
	Basis commonv1.DueBasis
	// Provision that names it; empty for none.
	Provision string
}

// Urgent is the deadline of a clock. Of social services the law asks it.
func (c Clock) Urgent(toSocialServices bool) Deadline {
	deadline := Deadline{At: c.Bound, Basis: commonv1.DueBasis_DUE_BASIS_URGENCY}
	if toSocialServices {
		deadline.Provision = "1301/2014 § 36.1"
	}
	return deadline
}

// Promised is what a receiver aims at.
func Promised(at time.Time) Deadline {
	return Deadline{At: at, Basis: commonv1.DueBasis_DUE_BASIS_SERVICE_PROMISE}
}

// Agreed is a time that somebody named.
func Agreed(at time.Time) Deadline {
	return Deadline{At: at, Basis: commonv1.DueBasis_DUE_BASIS_AGREED}
}

// Statutory is a time that a provision names.
func Statutory(at time.Time, provision string) Deadline {
	return Deadline{At: at, Basis: commonv1.DueBasis_DUE_BASIS_STATUTORY, Provision: provision}
}

// basisOrder is which basis is named of equal times.
var basisOrder = map[commonv1.DueBasis]int{
	commonv1.DueBasis_DUE_BASIS_STATUTORY: 1, commonv1.DueBasis_DUE_BASIS_AGREED: 2, commonv1.DueBasis_DUE_BASIS_URGENCY: 3, commonv1.DueBasis_DUE_BASIS_SERVICE_PROMISE: 4,
}

// Earliest is the first of several deadlines; those without a time are none.
func Earliest(deadlines ...Deadline) Deadline {
	var first Deadline
	for _, one := range deadlines {
		switch {
		case one.At.IsZero():
		case first.At.IsZero(), one.At.Before(first.At), one.At.Equal(first.At) && basisOrder[one.Basis] < basisOrder[first.Basis]:
			first = one
		}
	}
	return first
}
