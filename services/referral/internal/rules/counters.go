package rules

import (
	"koppi.internal/pkg/matter"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Counters returns what statistics count for an event. A notice or documents count as taken and
// closed when they are read.
func Counters(_, after Referral, e matter.Event) matter.Counters {
	receiver := after.Receiver.GetAgency()
	switch m := e.Message.(type) {
	case *referralv1.ReferralSent:
		return matter.CountersOf(receiver, matter.CountSent)
	case *referralv1.ReferralAccepted:
		return matter.CountersOf(receiver, matter.CountTaken)
	case *referralv1.AppointmentResultRecorded:
		if m.GetResult() == referralv1.AppointmentResult_APPOINTMENT_RESULT_NO_SHOW {
			return matter.CountersOf(receiver, matter.CountNoShow)
		}
	case *referralv1.ReferralOverdue:
		return matter.CountersOf(receiver, matter.CountOverdue)
	case *referralv1.ReferralDeclined:
		return matter.CountersOf(receiver, matter.CountDeclined)
	case *referralv1.ReferralCompleted:
		return matter.CountersOf(receiver, matter.CountTaken, matter.CountClosed)
	}
	return matter.Counters{}
}
