package rules

import (
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Counters returns what statistics count for an event. A concern that is closed before anybody took
// it counts as taken when it ends.
func Counters(before, after Concern, e matter.Event) matter.Counters {
	receiver := after.Receiver.GetAgency()
	switch m := e.Message.(type) {
	case *concernv1.ConcernSubmitted:
		if m.GetEarlierConcerns() > 0 {
			return matter.CountersOf(receiver, matter.CountSent, matter.CountRepeat)
		}
		return matter.CountersOf(receiver, matter.CountSent)
	case *concernv1.ConcernTaken:
		return matter.CountersOf(receiver, matter.CountTaken)
	case *concernv1.AssessmentCompleted:
		return matter.CountersOf(receiver, matter.CountAssessment)
	case *concernv1.ContactAttempted:
		if m.GetResult() == concernv1.ContactResult_CONTACT_RESULT_NO_SHOW {
			return matter.CountersOf(receiver, matter.CountNoShow)
		}
	case *commonv1.AppointmentResultRecorded:
		if m.GetResult() == commonv1.AppointmentResult_APPOINTMENT_RESULT_NO_SHOW {
			return matter.CountersOf(receiver, matter.CountNoShow)
		}
	case *concernv1.ConcernOverdue:
		if !before.Ended() {
			return matter.CountersOf(receiver, matter.CountOverdue)
		}
	case *concernv1.ConcernDeclined:
		return matter.CountersOf(receiver, matter.CountDeclined)
	case *concernv1.ConcernClosed:
		if before.State == stateDeclined {
			// It was declined while it was offered onward, and was then taken there.
			return matter.Counters{}
		}
		return matter.CountersOf(receiver, matter.CountTaken, matter.CountClosed)
	}
	return matter.Counters{}
}
