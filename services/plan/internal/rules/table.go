package rules

import (
	"slices"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
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

// Table is the transition table of a plan. A person is offered the steps in this order, the likely
// one first. A step that is not in the table is refused.
var Table = matter.Table[Plan]{
	{Step: "JoinPlan", By: everybody, May: asked, When: is(invited)},
	{Step: "AcceptResponsibility", By: everybody, May: offered, When: is(offerOpen)},
	{Step: "CompleteAction", By: everybody, May: joined, When: is(hasOpenAction)},
	{Step: "AddGoal", By: everybody, May: joined, When: is(open)},
	{Step: "AddAction", By: everybody, May: joined, When: is(open)},
	{Step: "AssessGoal", By: everybody, May: joined, When: is(hasGoal)},
	{Step: "UpdateGoal", By: everybody, May: joined, When: is(hasGoal)},
	{Step: "ReassignAction", By: everybody, May: joined, When: is(hasOpenAction)},
	{Step: "PlanContact", By: everybody, May: joined, When: is(open)},
	{Step: "RecordClientView", By: everybody, May: joined, When: is(open)},
	{Step: "InviteMember", By: everybody, May: joined, When: is(open)},
	{Step: "StartPlan", By: everybody, May: responsible, When: in(stateDraft, hasGoal)},
	{Step: "ScheduleReview", By: everybody, May: joined, When: is(open)},
	{Step: "StartReview", By: everybody, May: joined, When: in(stateActive, open)},
	{Step: "CompleteReview", By: everybody, May: responsible, When: in(stateUnderReview, open)},
	{Step: "OfferResponsibility", By: everybody, May: responsible, When: is(noOffer)},
	{Step: "DeclineResponsibility", By: everybody, May: offered, When: is(offerOpen)},
	{Step: "DeclineInvitation", By: everybody, May: asked, When: is(invited)},
	{Step: "LeavePlan", By: everybody, May: joined, When: is(free)},
	{Step: "EndPlan", By: everybody, May: responsible, When: is(open)},
	// If the creator's agency has left, the worker who answers for the plan may revoke it.
	{Step: "RevokePlan", By: []matter.Role{matter.RoleParticipant}, May: responsible, When: is(creatorGone)},
}.WithRevocation("RevokePlan")

// Always are the steps that are allowed on a plan that has reached its size limit, and Finishes
// those that end what was begun. A member may leave once its actions are done.
var (
	Always = []string{
		"JoinPlan", "AcceptResponsibility", "DeclineResponsibility", "DeclineInvitation", "StartPlan", "LeavePlan", "EndPlan", "RevokePlan", "AcknowledgeRevocation",
	}
	Finishes = []string{"CompleteAction", "ReassignAction", "CompleteReview"}
)

type condition = func(view Plan, actor matter.Actor) bool

// is allows a step if the condition holds and the plan has not ended.
func is(holds condition) condition {
	return func(view Plan, actor matter.Actor) bool { return !view.Ended() && holds(view, actor) }
}

func in(state planv1.PlanState, holds condition) condition {
	return func(view Plan, actor matter.Actor) bool { return view.Plan.GetState() == state && holds(view, actor) }
}

func open(Plan, matter.Actor) bool { return true }

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

// free reports whether the actor's unit neither answers for the plan nor owns an open action.
func free(view Plan, actor matter.Actor) bool {
	unit := func(party *commonv1.Party) bool {
		return party.GetAgency() == actor.Agency && party.GetUnit() == actor.Unit
	}
	return !unit(view.Plan.GetResponsible()) && !slices.ContainsFunc(view.Plan.GetActions(), func(a *planv1.Action) bool {
		return a.GetCompletedAt() == nil && unit(a.GetOwner())
	})
}

// asked refuses actors whose unit is neither invited nor a member.
func asked(view Plan, actor matter.Actor) error {
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

// responsible refuses actors other than the worker who answers for the plan.
func responsible(view Plan, actor matter.Actor) error {
	if err := joined(view, actor); err != nil {
		return err
	}
	if !isParty(actor, view.Plan.GetResponsible()) {
		return fault.New(fault.RoleNotAllowed, "this is the step of the worker who answers for the plan")
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

// Allowed lists the steps that the actor may take now, in the order of the table.
func Allowed(view matter.View[Plan], actor matter.Actor) []string { return Table.Allowed(view, actor) }
