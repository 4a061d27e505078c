package notice

import (
	"time"

	"koppi.internal/pkg/loop"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Between two mails to a unit at least this much passes, where no emergency is told:
// what comes meanwhile waits for the next one.
const (
	pause = time.Hour
	// urgentPause is that where something urgent is new.
	urgentPause = 10 * time.Minute
)

// matter is something that waits for a unit, at the service that told of it.
type matter struct {
	service string
	*caseworkv1.Waiting
}

func (m matter) emergency() bool { return m.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY }

func (m matter) urgent() bool { return m.GetUrgency() == commonv1.Urgency_URGENCY_URGENT }

func (m matter) overdue() bool { return m.GetKind() == caseworkv1.WaitingKind_WAITING_KIND_OVERDUE }

// tell is what of that which waits for one unit it is to be told now, in one mail; the
// last one was sent at a time, which is zero for never. All times are the domain's.
//
// An emergency is told at once, at any hour, and again when half of its time has passed
// and nobody has taken it. The rest is told in office hours, with pauses; but whatever
// goes out takes along all that is untold.
func tell(waiting []matter, now, last time.Time) []matter {
	var untold, again []matter
	atOnce := false
	for _, one := range waiting {
		switch {
		case one.GetTold() == 0:
			untold = append(untold, one)
			atOnce = atOnce || one.emergency()
		case repeats(one, now):
			again = append(again, one)
		}
	}
	if atOnce || len(again) > 0 || digests(untold, now, last) {
		return append(untold, again...)
	}
	return nil
}

// repeats tells whether a new emergency was told once and half of its time has passed
// since. Where it has no time limit, or none that is still ahead, it is given the default's.
func repeats(one matter, now time.Time) bool {
	if !one.emergency() || one.overdue() || one.GetTold() != 1 {
		return false
	}
	told := one.GetToldAt().AsTime()
	left := loop.DefaultGraces().Emergency
	if due := one.GetDueAt(); due != nil && due.AsTime().After(told) {
		left = due.AsTime().Sub(told)
	}
	return !now.Before(told.Add(left / 2))
}

// digests tells whether what is untold, and is no emergency, goes out now. A clock that
// stands still lets nothing more go out, and one that goes backwards neither.
func digests(untold []matter, now, last time.Time) bool {
	if len(untold) == 0 || !loop.InOfficeHours(now) {
		return false
	}
	wait := pause
	for _, one := range untold {
		if one.urgent() && !one.overdue() {
			wait = urgentPause
		}
	}
	return last.IsZero() || now.Sub(last) >= wait
}
