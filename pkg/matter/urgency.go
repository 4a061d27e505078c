package matter

import (
	"time"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Clock holds the urgency of a matter and the time by which it must be handled next. It exists
// beside the due time of the state, and only a person's judgement can stop it.
type Clock struct {
	// Urgency is the one that applies: the receiver's judgement, else the urgency as sent, else
	// that of a later report that is more urgent.
	Urgency commonv1.Urgency
	// Bound is the time by which the matter must be handled; zero if it is not urgent. It is
	// not moved merely because it has passed.
	Bound time.Time
	// Touched says that a person at the receiver has handled the matter since it was sent.
	Touched bool
}

// IsUrgent reports whether a matter of this urgency has a clock.
func IsUrgent(urgency commonv1.Urgency) bool {
	return urgency == commonv1.Urgency_URGENCY_EMERGENCY || urgency == commonv1.Urgency_URGENCY_URGENT
}

// UrgentBy returns the time by which a matter must be handled again after a person handled it at
// from: an emergency within an hour, an urgent matter by the end of the next working day (1301/2014
// § 36.1: without delay). It is zero for all other urgencies.
func UrgentBy(urgency commonv1.Urgency, from time.Time) time.Time {
	if !IsUrgent(urgency) {
		return time.Time{}
	}
	return Grace(urgency, Graces{}, from)
}

// IsMoreUrgent reports whether a is more urgent than b. An unspecified urgency counts as normal.
func IsMoreUrgent(a, b commonv1.Urgency) bool { return urgencyRank(a) < urgencyRank(b) }

func urgencyRank(urgency commonv1.Urgency) commonv1.Urgency {
	if urgency == commonv1.Urgency_URGENCY_UNSPECIFIED {
		return commonv1.Urgency_URGENCY_NORMAL
	}
	return urgency
}

// StartClock returns the clock of a new matter. The recorded limit applies until somebody handles
// the matter, because an agency may have its own limit for urgent matters.
func StartClock(urgency commonv1.Urgency, limit time.Time) Clock {
	if !IsUrgent(urgency) {
		return Clock{Urgency: urgency}
	}
	return Clock{Urgency: urgency, Bound: limit}
}

// Restart counts the bound again from a time, as after a step that gives the receiver the turn
// again.
func (c *Clock) Restart(at time.Time) { c.Bound = UrgentBy(c.Urgency, at) }

// Touch counts the bound again from a step by a person at the receiver.
func (c *Clock) Touch(at time.Time) {
	c.Touched = true
	c.Restart(at)
}

// Judge records a person's judgement of the urgency. An unspecified urgency keeps the present one.
func (c *Clock) Judge(urgency commonv1.Urgency, at time.Time) {
	if urgency != commonv1.Urgency_URGENCY_UNSPECIFIED {
		c.Urgency = urgency
	}
	c.Touch(at)
}

// Heighten takes over the urgency of a report that arrived at a time, if it is more urgent. Earlier
// limits still apply: the clock's bound and the given due time.
func (c *Clock) Heighten(urgency commonv1.Urgency, at, due time.Time) {
	if !IsMoreUrgent(urgency, c.Urgency) {
		return
	}
	c.Urgency = urgency
	c.Bound = Earlier(UrgentBy(urgency, at), Earlier(c.Bound, due))
}

// Urgent returns the deadline of a clock. If the receiver is a social services agency, the law
// requires it, and the deadline names the provision.
func (c Clock) Urgent(toSocialServices bool) Deadline {
	deadline := Deadline{At: c.Bound, Basis: commonv1.DueBasis_DUE_BASIS_URGENCY}
	if toSocialServices {
		deadline.Provision = "1301/2014 § 36.1"
	}
	return deadline
}
