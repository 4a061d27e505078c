package rules

import (
	"koppi.internal/pkg/loop"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Counters returns what statistics count for an event. A question that its asker closes before
// anybody took it was withdrawn, and counts as neither taken nor closed.
func Counters(before, after Consultation, e loop.Event) loop.Counters {
	receiver := after.Consultation.GetAddressee().GetAgency()
	switch e.Message.(type) {
	case *consultationv1.ConsultationOpened:
		return loop.CountersOf(receiver, loop.CountSent)
	case *consultationv1.ConsultationTaken:
		return loop.CountersOf(receiver, loop.CountTaken)
	case *consultationv1.ConsultationOverdue:
		return loop.CountersOf(receiver, loop.CountOverdue)
	case *consultationv1.ConsultationClosed:
		if before.State() != stateOpen {
			return loop.CountersOf(receiver, loop.CountClosed)
		}
	}
	return loop.Counters{}
}
