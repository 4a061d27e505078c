package matter

import (
	"time"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Deadline is a due time and what it rests on.
type Deadline struct {
	At    time.Time
	Basis commonv1.DueBasis
	// Provision is the provision that sets the time; empty if there is none.
	Provision string
}

// Limit is within how many working days the receiver of a message must decide, by the ground on
// which the message is sent.
type Limit struct {
	// WorkingDays, and UrgentWorkingDays of what is urgent, are at least 1.
	WorkingDays, UrgentWorkingDays int
	Provision, UrgentProvision     string
	// FromArrival says that the days count from the arrival at the sender, not from the sending.
	FromArrival bool
}

// Promised returns a deadline that the receiver aims at as a service promise.
func Promised(at time.Time) Deadline {
	return Deadline{At: at, Basis: commonv1.DueBasis_DUE_BASIS_SERVICE_PROMISE}
}

// Agreed returns a deadline that somebody named.
func Agreed(at time.Time) Deadline {
	return Deadline{At: at, Basis: commonv1.DueBasis_DUE_BASIS_AGREED}
}

// Statutory returns a deadline that a provision sets.
func Statutory(at time.Time, provision string) Deadline {
	return Deadline{At: at, Basis: commonv1.DueBasis_DUE_BASIS_STATUTORY, Provision: provision}
}

// basisOrder says which basis is named if several deadlines are at the same time: the lowest
// number.
var basisOrder = map[commonv1.DueBasis]int{
	commonv1.DueBasis_DUE_BASIS_STATUTORY: 1, commonv1.DueBasis_DUE_BASIS_AGREED: 2, commonv1.DueBasis_DUE_BASIS_URGENCY: 3, commonv1.DueBasis_DUE_BASIS_SERVICE_PROMISE: 4,
}

// Earliest returns the earliest of several deadlines. Deadlines without a time are ignored.
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

// Turn is a due time with the party that must act by it.
type Turn struct {
	Deadline
	Of *commonv1.Party
}

// Next returns the turn whose due time is the earliest; at a tie the one that is named first. If none has a
// time, it is the first that has a party. The zero turn stands for none.
func Next(turns ...Turn) Turn {
	var next Turn
	for _, one := range turns {
		earlier := !one.At.IsZero() && (next.At.IsZero() || one.At.Before(next.At))
		if earlier || next.At.IsZero() && next.Of == nil {
			next = one
		}
	}
	return next
}
