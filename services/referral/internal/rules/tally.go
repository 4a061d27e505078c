package rules

import (
	"koppi.internal/pkg/loop"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Tally is what statistics count of an event. What is only handed over is taken and
// closed by being read.
func Tally(_, after Referral, e loop.Event) loop.Tally {
	receiver := after.Receiver.GetAgency()
	switch m := e.Message.(type) {
	case *referralv1.ReferralSent:
		return loop.Tallied(receiver, loop.CountSent)
	case *referralv1.ReferralAccepted:
		return loop.Tallied(receiver, loop.CountTaken)
	case *referralv1.AppointmentResultRecorded:
		if m.GetResult() == referralv1.AppointmentResult_APPOINTMENT_RESULT_NO_SHOW {
			return loop.Tallied(receiver, loop.CountNoShow)
		}
	case *referralv1.ReferralOverdue:
		return loop.Tallied(receiver, loop.CountOverdue)
	case *referralv1.ReferralDeclined:
		return loop.Tallied(receiver, loop.CountDeclined)
	case *referralv1.ReferralCompleted:
		return loop.Tallied(receiver, loop.CountTaken, loop.CountClosed)
	}
	return loop.Tally{}
}
