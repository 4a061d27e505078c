package rules

import (
	"cmp"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// planOf returns the commanded plan as the caller's agency was shown it.
func planOf(world World, command Command) *planv1.Plan {
	return world.View(command.Subject, command.Actor.Agency).State.Plan
}

func checkGoal(plan *planv1.Plan, id string) error {
	if goal(plan, id) == nil {
		return fault.New(fault.InvalidField, "the plan has no such goal").Field("goal_id", "a goal of this plan")
	}
	return nil
}

func checkAction(plan *planv1.Plan, id string) error {
	if found := action(plan, id); found == nil || found.GetCompletedAt() != nil {
		return fault.New(fault.InvalidField, "the plan has no such open action").Field("action_id", "an open action of this plan")
	}
	return nil
}

// checkNewAction refuses an action for a goal that does not exist, of an owner outside the plan, or
// without a due time in the future.
func checkNewAction(world World, command Command, r *planv1.AddActionRequest) error {
	plan := planOf(world, command)
	if r.GetGoalId() != "" {
		if err := checkGoal(plan, r.GetGoalId()); err != nil {
			return err
		}
	}
	return cmp.Or(checkOwner(plan, orActor(r.GetOwner(), command.Actor), "owner"), checkAhead(r.GetDueAt(), command.At, "due_at"))
}

// checkOwner refuses an owner of an action whose unit has not joined the plan, because a plan binds
// its members only.
func checkOwner(plan *planv1.Plan, owner *commonv1.Party, field string) error {
	if !isJoined(plan, owner) {
		return fault.New(fault.UnknownParty, "the owner's unit has not joined the plan").Field(field, "a party of a joined member")
	}
	return nil
}

// checkSuccessor refuses to offer the responsibility to anyone but another named worker of a unit that
// has joined.
func checkSuccessor(plan *planv1.Plan, to *commonv1.Party) error {
	if to.GetWorker() == "" || !isJoined(plan, to) || sameWorker(to, plan.GetResponsible()) {
		return fault.New(fault.UnknownParty, "responsibility can be offered only to another worker of a unit that has joined the plan").
			Field("to", "a named worker of a joined member")
	}
	return nil
}

func sameWorker(a, b *commonv1.Party) bool {
	return a.GetAgency() == b.GetAgency() && a.GetUnit() == b.GetUnit() && a.GetWorker() == b.GetWorker()
}

func checkAhead(due *timestamppb.Timestamp, at time.Time, field string) error {
	if due == nil || !due.AsTime().After(at) {
		return fault.New(fault.InvalidField, "the time is missing or not in the future").Field(field, "in the future")
	}
	return nil
}

func orActor(party *commonv1.Party, actor matter.Actor) *commonv1.Party {
	if party == nil {
		return actor.Party()
	}
	return party
}

// monthsToReview is the number of months until the review of a plan if nobody sets a time. It is a
// promise of the service, not a statutory term, and so its end is not moved to a working day.
const monthsToReview = 3

func orMonths(at *timestamppb.Timestamp, from time.Time) *timestamppb.Timestamp {
	if at == nil {
		return timestamppb.New(matter.EndOfMonths(from, monthsToReview))
	}
	return at
}
