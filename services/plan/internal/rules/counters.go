package rules

import (
	"koppi.internal/pkg/matter"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// Counters returns what statistics count for an event. A plan has no single receiver. It counts as
// taken when it comes into force, by whichever step; a draft that ends does not count as closed.
func Counters(before, after Plan, e matter.Event) matter.Counters {
	switch e.Message.(type) {
	case *planv1.PlanCreated:
		return matter.CountersOf("", matter.CountSent)
	case *planv1.PlanOverdue:
		return matter.CountersOf("", matter.CountOverdue)
	case *planv1.PlanEnded:
		if before.Plan.GetState() != stateDraft {
			return matter.CountersOf("", matter.CountClosed)
		}
	default:
		if before.Plan.GetState() == stateDraft && after.Plan.GetState() == stateActive {
			return matter.CountersOf("", matter.CountTaken, matter.CountPlan)
		}
	}
	return matter.Counters{}
}
