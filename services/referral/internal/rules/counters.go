package rules

import (
	"koppi.internal/pkg/loop"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Counters returns what statistics count for an event. A notice or papers count as taken and closed
// when they are read.
func Counters(_, after Referral, e loop.Event) loop.Counters {
	receiver := after.Receiver.GetAgency()
	switch m := e.Message.(type) {
	case *referralv1.ReferralSent:
		return loop.CountersOf(receiver, loop.CountSent)
	case *referralv1.ReferralAccepted:
		return loop.CountersOf(receiver, loop.CountTaken)
	case *referralv1.AppointmentResultRecorded:
		if m.GetResult() == referralv1.AppointmentResult_APPOINTMENT_RESULT_NO_SHOW {
			return loop.CountersOf(receiver, loop.CountNoShow)
		}
	case *referralv1.ReferralOverdue:
		return loop.CountersOf(receiver, loop.CountOverdue)
	case *referralv1.ReferralDeclined:
		return loop.CountersOf(receiver, loop.CountDeclined)
	case *referralv1.ReferralCompleted:
		return loop.CountersOf(receiver, loop.CountTaken, loop.CountClosed)
	}
	return loop.Counters{}
}
