package plan

import (
	"context"

	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// InviteMember takes the step of the same name, as does each method below.
func (s *Service) InviteMember(ctx context.Context, r *planv1.InviteMemberRequest) (*planv1.InviteMemberResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.InviteMemberResponse{Plan: plan}, err
}

func (s *Service) JoinPlan(ctx context.Context, r *planv1.JoinPlanRequest) (*planv1.JoinPlanResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.JoinPlanResponse{Plan: plan}, err
}

func (s *Service) LeavePlan(ctx context.Context, r *planv1.LeavePlanRequest) (*planv1.LeavePlanResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.LeavePlanResponse{Plan: plan}, err
}

func (s *Service) StartPlan(ctx context.Context, r *planv1.StartPlanRequest) (*planv1.StartPlanResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.StartPlanResponse{Plan: plan}, err
}

func (s *Service) UpdateGoal(ctx context.Context, r *planv1.UpdateGoalRequest) (*planv1.UpdateGoalResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.UpdateGoalResponse{Plan: plan}, err
}

func (s *Service) AssessGoal(ctx context.Context, r *planv1.AssessGoalRequest) (*planv1.AssessGoalResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.AssessGoalResponse{Plan: plan}, err
}

func (s *Service) ReassignAction(ctx context.Context, r *planv1.ReassignActionRequest) (*planv1.ReassignActionResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.ReassignActionResponse{Plan: plan}, err
}

func (s *Service) CompleteAction(ctx context.Context, r *planv1.CompleteActionRequest) (*planv1.CompleteActionResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.CompleteActionResponse{Plan: plan}, err
}

func (s *Service) RecordClientView(ctx context.Context, r *planv1.RecordClientViewRequest) (*planv1.RecordClientViewResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.RecordClientViewResponse{Plan: plan}, err
}

func (s *Service) OfferResponsibility(ctx context.Context, r *planv1.OfferResponsibilityRequest) (*planv1.OfferResponsibilityResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.OfferResponsibilityResponse{Plan: plan}, err
}

func (s *Service) AcceptResponsibility(ctx context.Context, r *planv1.AcceptResponsibilityRequest) (*planv1.AcceptResponsibilityResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.AcceptResponsibilityResponse{Plan: plan}, err
}

func (s *Service) DeclineResponsibility(ctx context.Context, r *planv1.DeclineResponsibilityRequest) (*planv1.DeclineResponsibilityResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.DeclineResponsibilityResponse{Plan: plan}, err
}

func (s *Service) ScheduleReview(ctx context.Context, r *planv1.ScheduleReviewRequest) (*planv1.ScheduleReviewResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.ScheduleReviewResponse{Plan: plan}, err
}

func (s *Service) StartReview(ctx context.Context, r *planv1.StartReviewRequest) (*planv1.StartReviewResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.StartReviewResponse{Plan: plan}, err
}

func (s *Service) CompleteReview(ctx context.Context, r *planv1.CompleteReviewRequest) (*planv1.CompleteReviewResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.CompleteReviewResponse{Plan: plan}, err
}

func (s *Service) EndPlan(ctx context.Context, r *planv1.EndPlanRequest) (*planv1.EndPlanResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.EndPlanResponse{Plan: plan}, err
}

func (s *Service) RevokePlan(ctx context.Context, r *planv1.RevokePlanRequest) (*planv1.RevokePlanResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.RevokePlanResponse{Plan: plan}, err
}

func (s *Service) AcknowledgeRevocation(ctx context.Context, r *planv1.AcknowledgeRevocationRequest) (*planv1.AcknowledgeRevocationResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.AcknowledgeRevocationResponse{Plan: plan}, err
}

// DeclineInvitation returns no plan, because the agency that declined has no relation to it
// afterwards.
func (s *Service) DeclineInvitation(ctx context.Context, r *planv1.DeclineInvitationRequest) (*planv1.DeclineInvitationResponse, error) {
	_, err := s.step(ctx, r)
	return &planv1.DeclineInvitationResponse{}, err
}

// AddGoal also returns the goal. The request's own goal is the last one of the state that the
// request led to, the first time and at every repetition.
func (s *Service) AddGoal(ctx context.Context, r *planv1.AddGoalRequest) (*planv1.AddGoalResponse, error) {
	plan, state, err := s.stepped(ctx, r)
	if err != nil {
		return nil, err
	}
	goals := state.Plan.GetGoals()
	return &planv1.AddGoalResponse{Plan: plan, GoalId: goals[len(goals)-1].GetGoalId()}, nil
}

// AddAction also returns the action, as AddGoal returns the goal.
func (s *Service) AddAction(ctx context.Context, r *planv1.AddActionRequest) (*planv1.AddActionResponse, error) {
	plan, state, err := s.stepped(ctx, r)
	if err != nil {
		return nil, err
	}
	actions := state.Plan.GetActions()
	return &planv1.AddActionResponse{Plan: plan, ActionId: actions[len(actions)-1].GetActionId()}, nil
}

func (s *Service) PlanContact(ctx context.Context, r *planv1.PlanContactRequest) (*planv1.PlanContactResponse, error) {
	plan, err := s.step(ctx, r)
	return &planv1.PlanContactResponse{Plan: plan}, err
}
