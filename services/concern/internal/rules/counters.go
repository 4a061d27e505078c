package rules

import (
	"koppi.internal/pkg/loop"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Counters returns what statistics count for an event. A concern that is closed before anybody took
// it counts as taken when it ends.
func Counters(before, after Concern, e loop.Event) loop.Counters {
	receiver := after.Receiver.GetAgency()
	switch m := e.Message.(type) {
	case *concernv1.ConcernSubmitted:
		if m.GetEarlierConcerns() > 0 {
			return loop.CountersOf(receiver, loop.CountSent, loop.CountRepeat)
		}
		return loop.CountersOf(receiver, loop.CountSent)
	case *concernv1.ConcernTaken:
		return loop.CountersOf(receiver, loop.CountTaken)
	case *concernv1.AssessmentCompleted:
		return loop.CountersOf(receiver, loop.CountAssessment)
	case *concernv1.ContactAttempted:
		if m.GetResult() == concernv1.ContactResult_CONTACT_RESULT_NO_SHOW {
			return loop.CountersOf(receiver, loop.CountNoShow)
		}
	case *concernv1.ConcernOverdue:
		if !before.Ended() {
			return loop.CountersOf(receiver, loop.CountOverdue)
		}
	case *concernv1.ConcernDeclined:
		return loop.CountersOf(receiver, loop.CountDeclined)
	case *concernv1.ConcernClosed:
		if before.State == stateDeclined {
			// It was declined while it was offered onward, and was then taken there.
			return loop.Counters{}
		}
		return loop.CountersOf(receiver, loop.CountTaken, loop.CountClosed)
	}
	return loop.Counters{}
}
