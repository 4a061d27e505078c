package gateway

import (
	"time"

	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// The shortest times between two mails to a unit, where there is no emergency; what arrives in
// between waits for the next mail.
const (
	pause = time.Hour
	// urgentPause applies where a new matter is urgent.
	urgentPause = 10 * time.Minute
)

// waitingMatter is something that waits for a unit, with the service that reported it.
type waitingMatter struct {
	service string
	*caseworkv1.Waiting
}

func (m waitingMatter) emergency() bool { return m.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY }

func (m waitingMatter) urgent() bool { return m.GetUrgency() == commonv1.Urgency_URGENCY_URGENT }

func (m waitingMatter) overdue() bool {
	return m.GetKind() == caseworkv1.WaitingKind_WAITING_KIND_OVERDUE
}

// dueForMail selects which of a unit's waiting matters are mailed now, in one mail. last is when the last
// mail was sent, zero for never. All times are the domain's.
//
// An emergency is mailed at once, at any hour, and again when half of its time has passed and
// nobody has taken it. Other matters are mailed in office hours, with pauses; but every mail
// includes all matters that were not yet mailed.
func dueForMail(waiting []waitingMatter, now, last time.Time) []waitingMatter {
	var fresh, again []waitingMatter
	atOnce := false
	for _, one := range waiting {
		switch {
		case one.GetTold() == 0:
			fresh = append(fresh, one)
			atOnce = atOnce || one.emergency()
		case repeats(one, now):
			again = append(again, one)
		}
	}
	if atOnce || len(again) > 0 || digests(fresh, now, last) {
		return append(fresh, again...)
	}
	return nil
}

// repeats reports whether an emergency that was mailed once, and is not overdue, is mailed again:
// half of the time that was left at its first mail has passed. Where it had no due time then, or
// one already passed, the default for emergencies counts.
func repeats(one waitingMatter, now time.Time) bool {
	if !one.emergency() || one.overdue() || one.GetTold() != 1 {
		return false
	}
	first := one.GetToldAt().AsTime()
	left := matter.DefaultGraces().Emergency
	if due := one.GetDueAt(); due != nil && due.AsTime().After(first) {
		left = due.AsTime().Sub(first)
	}
	return !now.Before(first.Add(left / 2))
}

// digests reports whether matters that were not yet mailed, and are no emergencies, are mailed now.
// If the clock stands still or goes backwards, no further mail leaves.
func digests(fresh []waitingMatter, now, last time.Time) bool {
	if len(fresh) == 0 || !matter.InOfficeHours(now) {
		return false
	}
	wait := pause
	for _, one := range fresh {
		if one.urgent() && !one.overdue() {
			wait = urgentPause
		}
	}
	return last.IsZero() || now.Sub(last) >= wait
}
