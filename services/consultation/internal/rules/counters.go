package rules

import (
	"koppi.internal/pkg/matter"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Counters returns what statistics count for an event. A question that its asker closes before
// anybody took it was withdrawn, and counts as neither taken nor closed.
func Counters(before, after Consultation, e matter.Event) matter.Counters {
	receiver := after.Consultation.GetAddressee().GetAgency()
	switch e.Message.(type) {
	case *consultationv1.ConsultationOpened:
		return matter.CountersOf(receiver, matter.CountSent)
	case *consultationv1.ConsultationTaken:
		return matter.CountersOf(receiver, matter.CountTaken)
	case *consultationv1.ConsultationOverdue:
		return matter.CountersOf(receiver, matter.CountOverdue)
	case *consultationv1.ConsultationClosed:
		if before.State() != stateOpen {
			return matter.CountersOf(receiver, matter.CountClosed)
		}
	}
	return matter.Counters{}
}
