package plan

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/service"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// Register adds the service's handlers to a server. Each step of the rules' table is a method of the
// same name; those that do more than take the step are implemented here.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	steps := rules.Table.Steps("DeclineInvitation", "AddGoal", "AddAction")
	service.RegisterSteps(server, planv1.PlanService_ServiceDesc, s, steps, s.takeStep)
	s.kernel.Register(server)
}

// takeStep takes one step on an existing plan.
func (s *Service) takeStep(ctx context.Context, r service.Request) (proto.Message, error) {
	shown, _, err := s.take(ctx, r)
	if err != nil {
		return nil, err
	}
	return s.plan(shown), nil
}

// DeclineInvitation returns no plan, because the agency that declined has no relation to it
// afterwards.
func (s *Service) DeclineInvitation(ctx context.Context, r *planv1.DeclineInvitationRequest) (*planv1.DeclineInvitationResponse, error) {
	_, _, err := s.take(ctx, r)
	return &planv1.DeclineInvitationResponse{}, err
}

// AddGoal also returns the goal. The request's own goal is the last one of the state that the
// request led to, the first time and at every repetition.
func (s *Service) AddGoal(ctx context.Context, r *planv1.AddGoalRequest) (*planv1.AddGoalResponse, error) {
	shown, state, err := s.take(ctx, r)
	if err != nil {
		return nil, err
	}
	goals := state.Plan.GetGoals()
	return &planv1.AddGoalResponse{Plan: s.plan(shown), GoalId: goals[len(goals)-1].GetGoalId()}, nil
}

// AddAction also returns the action, as AddGoal returns the goal.
func (s *Service) AddAction(ctx context.Context, r *planv1.AddActionRequest) (*planv1.AddActionResponse, error) {
	shown, state, err := s.take(ctx, r)
	if err != nil {
		return nil, err
	}
	actions := state.Plan.GetActions()
	return &planv1.AddActionResponse{Plan: s.plan(shown), ActionId: actions[len(actions)-1].GetActionId()}, nil
}
