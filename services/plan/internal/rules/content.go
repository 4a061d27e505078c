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

// checkBasis checks the ground of a plan: it is made and shared on consent, or where a law requires
// it (1301/2014 §§ 39, 41; 703/2023 § 53).
func checkBasis(basis *commonv1.LegalBasis, at time.Time) error {
	return matter.CheckBasis(basis, at, commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS)
}

func checkCreate(command Command, r *planv1.CreatePlanRequest) error {
	actor := command.Actor
	err := matter.CheckStarter(actor)
	if err == nil && actor.Automatic {
		err = fault.New(fault.RoleNotAllowed, "a plan is begun by a worker, or on behalf of one")
	}
	if named := r.GetResponsible(); err == nil && named != nil &&
		(named.GetAgency() != actor.Agency || named.GetUnit() != actor.Unit || named.GetWorker() == "") {
		err = fault.New(fault.UnknownParty, "a plan begins with a worker of your own unit; offer the responsibility to others").
			Field("responsible", "a worker of your unit")
	}
	return cmp.Or(err, checkBasis(r.GetBasis(), command.At))
}

// checkContent is the last check of a step: its content must be complete and allowed.
func checkContent(p Plan, command Command) error {
	var err error
	switch r := command.Request.(type) {
	case *planv1.InviteMemberRequest:
		err = cmp.Or(checkBasis(r.GetBasis(), command.At), checkInvited(p.Plan, command.Facts.Invited))
	case *planv1.UpdateGoalRequest:
		err = checkGoal(p.Plan, r.GetGoalId())
	case *planv1.AssessGoalRequest:
		err = checkGoal(p.Plan, r.GetGoalId())
	case *planv1.AddActionRequest:
		if r.GetGoalId() != "" {
			err = checkGoal(p.Plan, r.GetGoalId())
		}
		err = cmp.Or(err, checkOwner(p.Plan, orActor(r.GetOwner(), command.Actor), "owner"), checkAhead(r.GetDueAt(), command.At, "due_at"))
	case *planv1.ReassignActionRequest:
		err = cmp.Or(checkAction(p.Plan, r.GetActionId()), checkOwner(p.Plan, r.GetTo(), "to"))
	case *planv1.CompleteActionRequest:
		err = checkAction(p.Plan, r.GetActionId())
	case *planv1.PlanContactRequest:
		err = matter.CheckContact(r, command.At)
	case *planv1.OfferResponsibilityRequest:
		err = checkHeir(p.Plan, r.GetTo())
	case *planv1.ScheduleReviewRequest:
		err = checkAhead(r.GetAt(), command.At, "at")
	case *planv1.CompleteReviewRequest:
		if r.GetNextReviewAt() != nil {
			err = checkAhead(r.GetNextReviewAt(), command.At, "next_review_at")
		}
	case *planv1.RevokePlanRequest:
		err = matter.CheckExplained("revoking", "reason", r.GetReason())
	}
	return cmp.Or(err, command.CheckSaid())
}

func checkInvited(plan *planv1.Plan, party *commonv1.Party) error {
	switch memberState(plan, party) {
	case planv1.MemberState_MEMBER_STATE_INVITED, planv1.MemberState_MEMBER_STATE_JOINED:
		return fault.New(fault.InvalidField, "this unit is a member already").Field("party", "another unit")
	default:
		return nil
	}
}

func checkGoal(plan *planv1.Plan, id string) error {
	if goal(plan, id) == nil {
		return fault.New(fault.InvalidField, "the plan has no such goal").Field("goal_id", "a goal of this plan")
	}
	return nil
}

func checkAction(plan *planv1.Plan, id string) error {
	if found := action(plan, id); found == nil || found.GetCompletedAt() != nil {
		return fault.New(fault.InvalidField, "the plan has no such action to do").Field("action_id", "an open action of this plan")
	}
	return nil
}

// checkOwner refuses an owner of an action whose unit has not joined the plan, because a plan binds
// its members only.
func checkOwner(plan *planv1.Plan, owner *commonv1.Party, field string) error {
	if !isJoined(plan, owner) {
		return fault.New(fault.UnknownParty, "an action is owned by a unit that has joined the plan").Field(field, "of a joined member")
	}
	return nil
}

// checkHeir refuses to offer the responsibility to anyone but another named worker of a unit that
// has joined.
func checkHeir(plan *planv1.Plan, to *commonv1.Party) error {
	if to.GetWorker() == "" || !isJoined(plan, to) || sameWorker(to, plan.GetResponsible()) {
		return fault.New(fault.UnknownParty, "responsibility is offered to another worker of a unit that has joined the plan").
			Field("to", "a named worker of a joined member")
	}
	return nil
}

func sameWorker(a, b *commonv1.Party) bool {
	return a.GetAgency() == b.GetAgency() && a.GetUnit() == b.GetUnit() && a.GetWorker() == b.GetWorker()
}

func checkAhead(due *timestamppb.Timestamp, at time.Time, field string) error {
	if due == nil || !due.AsTime().After(at) {
		return fault.New(fault.InvalidField, "a time to come is missing").Field(field, "in the future")
	}
	return nil
}
