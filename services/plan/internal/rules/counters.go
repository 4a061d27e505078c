package rules

import (
	"koppi.internal/pkg/loop"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// Counters returns what statistics count for an event. A plan has no single receiver. It counts as
// taken when it comes into force, by whichever step; a draft that ends does not count as closed.
func Counters(before, after Plan, e loop.Event) loop.Counters {
	switch e.Message.(type) {
	case *planv1.PlanCreated:
		return loop.CountersOf("", loop.CountSent)
	case *planv1.PlanOverdue:
		return loop.CountersOf("", loop.CountOverdue)
	case *planv1.PlanEnded:
		if before.Plan.GetState() != stateDraft {
			return loop.CountersOf("", loop.CountClosed)
		}
	default:
		if before.Plan.GetState() == stateDraft && after.Plan.GetState() == stateActive {
			return loop.CountersOf("", loop.CountTaken, loop.CountPlan)
		}
	}
	return loop.Counters{}
}
