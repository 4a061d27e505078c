package rules

import (
	"koppi.internal/pkg/loop"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Tally is what statistics count of an event. A concern that is closed by who had not
// taken it was taken with its end.
func Tally(before, after Concern, e loop.Event) loop.Tally {
	receiver := after.Receiver.GetAgency()
	switch m := e.Message.(type) {
	case *concernv1.ConcernSubmitted:
		if m.GetEarlierConcerns() > 0 {
			return loop.Tallied(receiver, loop.CountSent, loop.CountRepeat)
		}
		return loop.Tallied(receiver, loop.CountSent)
	case *concernv1.ConcernTaken:
		return loop.Tallied(receiver, loop.CountTaken)
	case *concernv1.AssessmentCompleted:
		return loop.Tallied(receiver, loop.CountAssessment)
	case *concernv1.ContactAttempted:
		if m.GetResult() == concernv1.ContactResult_CONTACT_RESULT_NO_SHOW {
			return loop.Tallied(receiver, loop.CountNoShow)
		}
	case *concernv1.ConcernOverdue:
		if !before.Ended() {
			return loop.Tallied(receiver, loop.CountOverdue)
		}
	case *concernv1.ConcernDeclined:
		return loop.Tallied(receiver, loop.CountDeclined)
	case *concernv1.ConcernClosed:
		if before.State == stateDeclined {
			// It was declined while it was offered onward, and is taken there.
			return loop.Tally{}
		}
		return loop.Tallied(receiver, loop.CountTaken, loop.CountClosed)
	}
	return loop.Tally{}
}
