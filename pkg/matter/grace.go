package matter

import (
	"time"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Graces are the times that a receiver has to act on a new matter, by urgency. An agency may set
// its own. Zero means the default.
type Graces struct {
	// Emergency is counted day and night, not in working days (1301/2014 § 36: without delay).
	Emergency                            time.Duration
	UrgentWorkingDays, NormalWorkingDays int
}

// DefaultGraces returns the defaults: one hour, one working day and three working days.
func DefaultGraces() Graces {
	return Graces{Emergency: time.Hour, UrgentWorkingDays: 1, NormalWorkingDays: 3}
}

// Grace returns the time by which the receiver must have acted on what was sent at from. An
// unspecified urgency counts as normal.
func Grace(urgency commonv1.Urgency, graces Graces, from time.Time) time.Time {
	standard := DefaultGraces()
	switch urgency {
	case commonv1.Urgency_URGENCY_EMERGENCY:
		return from.Add(firstPositive(graces.Emergency, standard.Emergency))
	case commonv1.Urgency_URGENCY_URGENT:
		return EndOfWorkingDay(from, firstPositive(graces.UrgentWorkingDays, standard.UrgentWorkingDays))
	default:
		return EndOfWorkingDay(from, firstPositive(graces.NormalWorkingDays, standard.NormalWorkingDays))
	}
}

func firstPositive[T int | time.Duration](value, otherwise T) T {
	if value > 0 {
		return value
	}
	return otherwise
}
