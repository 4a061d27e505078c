package plan

import (
	"context"

	"koppi.internal/pkg/service"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// request is the common interface of the requests of all steps.
type request interface {
	service.Request
	GetPlanId() string
}

type step = service.Step[rules.Plan, rules.Facts]

// CreatePlan begins a plan.
func (s *Service) CreatePlan(ctx context.Context, r *planv1.CreatePlanRequest) (*planv1.CreatePlanResponse, error) {
	shown, err := service.Begin(ctx, s.kernel, r, step{Decide: rules.Decide})
	if err != nil {
		return nil, err
	}
	return &planv1.CreatePlanResponse{Plan: s.plan(shown)}, nil
}

// step takes one step on an existing plan.
func (s *Service) step(ctx context.Context, r request) (*planv1.Plan, error) {
	plan, _, err := s.stepped(ctx, r)
	return plan, err
}

// stepped also returns the true state of the plan.
func (s *Service) stepped(ctx context.Context, r request) (*planv1.Plan, rules.Plan, error) {
	taken := step{Decide: rules.Decide, Etag: service.EtagOf(r)}
	switch r := r.(type) {
	case *planv1.UpdateGoalRequest:
		taken.Etag = "" // it is the goal's etag, which the rules compare
	case *planv1.InviteMemberRequest:
		taken.Prepare = func(ctx context.Context, world rules.World, command *rules.Command) error {
			home, err := s.HomeFor(ctx, command.Actor.Agency, world.Subjects[command.Subject])
			command.Facts.Invited, _ = s.Addressed(r.GetParty(), home.Among(), "")
			return err
		}
	}
	shown, state, err := service.Take(ctx, s.kernel, r, r.GetPlanId(), taken)
	if err != nil {
		return nil, state, err
	}
	return s.plan(shown), state, nil
}
