package rules

import (
	"slices"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

const (
	stateDraft       = planv1.PlanState_PLAN_STATE_DRAFT
	stateActive      = planv1.PlanState_PLAN_STATE_ACTIVE
	stateUnderReview = planv1.PlanState_PLAN_STATE_UNDER_REVIEW
	stateEnded       = planv1.PlanState_PLAN_STATE_ENDED
)

// everybody are the roles to which a plan is disclosed. What they may do depends on the membership
// of their unit.
var everybody = []matter.Role{matter.RoleSender, matter.RoleParticipant}

type condition = func(view Plan, actor matter.Actor) bool

// ongoing allows a step if the condition holds and the plan has not ended.
func ongoing(holds condition) condition {
	return func(view Plan, actor matter.Actor) bool { return !view.Ended() && holds(view, actor) }
}

// in allows a step in a state if the condition holds.
func in(state planv1.PlanState, holds condition) condition {
	return func(view Plan, actor matter.Actor) bool { return view.Plan.GetState() == state && holds(view, actor) }
}

func anytime(Plan, matter.Actor) bool { return true }

func invited(view Plan, actor matter.Actor) bool {
	return memberState(view.Plan, actor.Party()) == planv1.MemberState_MEMBER_STATE_INVITED
}

func hasGoal(view Plan, _ matter.Actor) bool { return len(view.Plan.GetGoals()) > 0 }

func hasOpenAction(view Plan, _ matter.Actor) bool {
	return slices.ContainsFunc(view.Plan.GetActions(), func(a *planv1.Action) bool { return a.GetCompletedAt() == nil })
}

func offerOpen(view Plan, _ matter.Actor) bool { return view.Plan.GetResponsibilityOfferedTo() != nil }

func noOffer(view Plan, _ matter.Actor) bool { return view.Plan.GetResponsibilityOfferedTo() == nil }

func creatorGone(view Plan, _ matter.Actor) bool {
	return !isMember(view.Plan, view.Sender.GetAgency())
}

// withoutDuties reports whether the actor's unit neither answers for the plan, nor has its social worker,
// nor owns an open action.
func withoutDuties(view Plan, actor matter.Actor) bool {
	return !isUnitOf(actor, view.Plan.GetResponsible()) && !isUnitOf(actor, view.Plan.GetSocialWorker()) &&
		!slices.ContainsFunc(view.Plan.GetActions(), func(a *planv1.Action) bool {
			return a.GetCompletedAt() == nil && isUnitOf(actor, a.GetOwner())
		})
}

// invitedOrJoined refuses actors whose unit is neither invited nor a member.
func invitedOrJoined(view Plan, actor matter.Actor) error {
	switch memberState(view.Plan, actor.Party()) {
	case planv1.MemberState_MEMBER_STATE_INVITED, planv1.MemberState_MEMBER_STATE_JOINED:
		return nil
	default:
		return fault.New(fault.NotAMember, "your unit is not a member of this plan")
	}
}

// joined refuses actors whose unit has not joined the plan.
func joined(view Plan, actor matter.Actor) error {
	if !isJoined(view.Plan, actor.Party()) {
		return fault.New(fault.NotAMember, "your unit has not joined this plan")
	}
	return nil
}

// responsible refuses actors other than the worker who answers for the plan. Where a unit answers for it
// without a named worker, that is each of its workers.
func responsible(view Plan, actor matter.Actor) error {
	if err := joined(view, actor); err != nil {
		return err
	}
	answers := view.Plan.GetResponsible()
	isOfUnit := answers.GetWorker() == "" && answers.GetAgency() == actor.Agency && answers.GetUnit() == actor.Unit
	if actor.Worker == "" || !isOfUnit && !isParty(actor, answers) {
		return fault.New(fault.RoleNotAllowed, "only the worker who is responsible for the plan can take this step")
	}
	return nil
}

// offered refuses an answer to an offer of responsibility from anyone but the worker to whom it was
// made.
func offered(view Plan, actor matter.Actor) error {
	if err := joined(view, actor); err != nil {
		return err
	}
	if to := view.Plan.GetResponsibilityOfferedTo(); to != nil && !isParty(actor, to) {
		return fault.New(fault.RoleNotAllowed, "the responsibility was offered to another worker")
	}
	return nil
}
