package rules

import (
	"cmp"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

const workingDaysToAnswer = 5

// Evolve folds one event into the state. It handles every event of the service and does not change
// the state that it was given.
func Evolve(p Plan, e matter.Event) Plan {
	if head, revoked := p.Revoked(e); revoked {
		return Plan{Head: head, OnDuty: p.OnDuty, Plan: &planv1.Plan{
			State: planv1.PlanState_PLAN_STATE_ENTERED_IN_ERROR, CreatedBy: p.Plan.GetCreatedBy(), Members: tombstones(p.Plan), CreatedAt: p.Plan.GetCreatedAt(),
		}}
	}
	if m, ok := e.Message.(*planv1.MemberInvited); ok && m.GetSnapshot() != nil {
		p = fromSnapshot(p, e, m.GetSnapshot())
	}
	if head, withdrawn := p.Withdrawn(e); withdrawn {
		ends := p.Ends(e)
		p.Head = head
		if m, is := e.Message.(*commonv1.ConsentWithdrawn); is && m.GetContinues() && !ends {
			return p.without(m.GetHolders(), e.At)
		}
		if ends {
			p, _ = p.change()
			if p.Plan == nil {
				p.Plan = &planv1.Plan{PlanId: ID(e.Subject)}
			}
			p.Plan.State, p.Plan.ResponsibilityOfferedTo, p.Plan.ResponsibilityDueAt = stateEnded, nil, nil
			p.Enter(commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN, e.At)
		}
		return p
	}
	p, plan := p.change()
	switch m := e.Message.(type) {
	case *planv1.PlanCreated:
		return created(e, m)
	case *planv1.PlanStarted:
		plan.State = stateActive
	case *planv1.ResponsibilityOffered:
		plan.ResponsibilityOfferedTo = m.GetTo()
		plan.ResponsibilityDueAt = timestamppb.New(matter.EndOfWorkingDay(e.At, workingDaysToAnswer))
	case *planv1.ResponsibilityAccepted:
		plan.Responsible, plan.ResponsibilityOfferedTo, plan.ResponsibilityDueAt = m.GetBy(), nil, nil
	case *planv1.ResponsibilityDeclined:
		plan.ResponsibilityOfferedTo, plan.ResponsibilityDueAt = nil, nil
	case *planv1.ReviewScheduled:
		plan.NextReviewAt = m.GetAt()
	case *planv1.ReviewStarted:
		plan.State = stateUnderReview
	case *planv1.ReviewCompleted:
		plan.State, plan.NextReviewAt = stateActive, m.GetNextReviewAt()
	case *commonv1.ContactPlanned:
		p.PlanContact(e, m)
	case *planv1.ClientViewRecorded:
		plan.ClientViews = append(plan.ClientViews, &planv1.ClientView{
			At: timestamppb.New(e.At), FeltHeard: m.GetFeltHeard(), OwnGoalsLead: m.GetOwnGoalsLead(), Comment: m.GetComment(),
		})
	case *planv1.SpecialSupportRecorded:
		plan.SpecialSupport, plan.SocialWorker = m.GetSpecialSupport(), m.GetSocialWorker()
	case *planv1.PlanEnded:
		plan.State, plan.EndReason = stateEnded, m.GetReason()
		plan.ResponsibilityOfferedTo, plan.ResponsibilityDueAt = nil, nil
		p.Enter(commonv1.LoopPhase_LOOP_PHASE_CLOSED, e.At)
	case *planv1.PlanOverdue:
		return p.fire(m.GetWhat(), m.GetDueAt().AsTime())
	default:
		evolveMembers(plan, e)
		evolveWork(p.Subject, plan, e)
	}
	return p
}

func created(e matter.Event, m *planv1.PlanCreated) Plan {
	return Plan{Head: matter.Begin(e, commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS), OnDuty: m.GetContinuesWithoutConsent(), Plan: &planv1.Plan{
		PlanId: ID(e.Subject), State: stateDraft, Basis: e.Basis, Responsible: m.GetResponsible(), CreatedBy: e.By,
		Members: []*planv1.Member{{
			Party: matter.UnitAlone(e.By), State: planv1.MemberState_MEMBER_STATE_JOINED, Since: timestamppb.New(e.At), Basis: e.Basis,
		}},
		NextReviewAt: timestamppb.New(matter.EndOfMonths(e.At, monthsToReview)), CreatedAt: timestamppb.New(e.At), ClientLanguage: m.GetClientLanguage(), ClientInterpreter: m.GetClientInterpreter(),
		MatterNumber: m.GetMatterNumber(),
	}}
}

// fromSnapshot begins the view of an invited member. A reader that already knows the plan learns
// nothing new and keeps what the snapshot leaves out.
func fromSnapshot(before Plan, e matter.Event, s *planv1.PlanSnapshot) Plan {
	began := matter.Event{
		Subject: e.Subject, Client: e.Client, Case: e.Case, By: s.GetPlan().GetCreatedBy(), Basis: s.GetPlan().GetBasis(), At: s.GetPlan().GetCreatedAt().AsTime(),
		Message: s.GetPlan(),
	}
	fresh := Plan{
		Head: matter.Begin(began, commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS), OnDuty: s.GetContinuesWithoutConsent(), Plan: proto.CloneOf(s.GetPlan()),
	}
	fresh.Number, fresh.Departures = cmp.Or(before.Number, fresh.Number), before.Departures
	if before.Exists() {
		matter.Refill(fresh.Plan, before.Plan)
	}
	fresh.Contacts, fresh.Plan.PlannedContacts = s.GetPlan().GetPlannedContacts(), nil
	for _, late := range s.GetOverdue() {
		fresh = fresh.fire(late.GetWhat(), late.GetDueAt().AsTime())
	}
	return fresh
}

// tombstones returns the members of a plan that was entered in error: the parties that had it, and
// nothing else.
func tombstones(plan *planv1.Plan) []*planv1.Member {
	var members []*planv1.Member
	for _, member := range plan.GetMembers() {
		members = append(members, &planv1.Member{Party: member.GetParty(), State: member.GetState()})
	}
	return members
}

func evolveMembers(plan *planv1.Plan, e matter.Event) {
	switch m := e.Message.(type) {
	case *planv1.MemberInvited:
		setMember(plan, m.GetParty(), planv1.MemberState_MEMBER_STATE_INVITED, e.At).Basis = m.GetBasis()
	case *planv1.MemberJoined:
		setMember(plan, m.GetParty(), planv1.MemberState_MEMBER_STATE_JOINED, e.At)
	case *planv1.MemberLeft:
		setMember(plan, m.GetParty(), planv1.MemberState_MEMBER_STATE_LEFT, e.At)
	case *planv1.InvitationDeclined:
		setMember(plan, m.GetParty(), planv1.MemberState_MEMBER_STATE_DECLINED, e.At)
	}
	if plan.GetState() == stateDraft && len(plan.GetGoals()) > 0 && sharedWithAnother(plan) {
		plan.State = stateActive
	}
}

func setMember(plan *planv1.Plan, party *commonv1.Party, state planv1.MemberState, at time.Time) *planv1.Member {
	found := member(plan, party.GetAgency(), party.GetUnit())
	if found == nil {
		found = &planv1.Member{Party: party}
		plan.Members = append(plan.Members, found)
	}
	found.State, found.Since = state, timestamppb.New(at)
	return found
}

func evolveWork(subject string, plan *planv1.Plan, e matter.Event) {
	switch m := e.Message.(type) {
	case *planv1.GoalAdded:
		plan.Goals = append(plan.Goals, &planv1.Goal{
			GoalId: m.GetGoalId(), Text: m.GetText(), SetByClient: m.GetSetByClient(), Etag: matter.Etag(subject, m.GetGoalId(), 1),
		})
		evolveMembers(plan, e) // a draft may become active by its first goal
	case *planv1.GoalUpdated:
		if changed := goal(plan, m.GetGoalId()); changed != nil {
			// The etag of a goal is derived from its last etag, so that it is equal for all
			// members.
			changed.Text, changed.Etag = m.GetText(), matter.Etag(subject, changed.GetEtag(), 1)
		}
	case *planv1.GoalAssessed:
		if assessed := goal(plan, m.GetGoalId()); assessed != nil {
			assessed.Assessments = append(assessed.Assessments, &planv1.Assessment{
				At: timestamppb.New(e.At), By: e.By, Score: m.GetScore(), ByClient: m.GetByClient(), Note: m.GetNote(),
			})
		}
	case *planv1.ActionAdded:
		plan.Actions = append(plan.Actions, &planv1.Action{
			ActionId: m.GetActionId(), GoalId: m.GetGoalId(), Text: m.GetText(), Owner: m.GetOwner(), DueAt: proto.CloneOf(m.GetDueAt()),
		})
	case *planv1.ActionReassigned:
		if moved := action(plan, m.GetActionId()); moved != nil {
			moved.Owner = m.GetTo()
		}
	case *planv1.ActionCompleted:
		if done := action(plan, m.GetActionId()); done != nil {
			done.CompletedAt, done.Note, done.Attachments = timestamppb.New(e.At), m.GetNote(), m.GetAttachments()
		}
	}
}
