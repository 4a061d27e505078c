package plan

import (
	"context"

	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/ground/basis"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/service"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// request is the common interface of the requests of all steps.
type request interface {
	service.Request
	GetPlanId() string
}

type (
	step     = service.Step[rules.Plan, rules.Facts]
	prepared = service.Prepared[rules.Facts]
)

// CreatePlan begins a plan.
func (s *Service) CreatePlan(ctx context.Context, r *planv1.CreatePlanRequest) (*planv1.CreatePlanResponse, error) {
	shown, err := service.Begin(ctx, s.kernel, r, step{
		Decide: rules.Decide, Sends: basis.To[rules.Plan](ground.Plan, nil),
		Prepare: func(_ context.Context, _ rules.World, command rules.Command) (prepared, error) {
			kind := s.Directory.KindOf(command.Actor.Party())
			return prepared{Facts: rules.Facts{SocialServices: kind == caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES}}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &planv1.CreatePlanResponse{Plan: s.plan(shown)}, nil
}

// take takes one step on an existing plan. It returns the plan as its caller then reads it, and its
// full state.
func (s *Service) take(ctx context.Context, r service.Request) (reading.Shown[rules.Plan], rules.Plan, error) {
	taken := step{Decide: rules.Decide, Etag: service.EtagOf(r)}
	switch r := r.(type) {
	case *planv1.UpdateGoalRequest:
		taken.Etag = "" // it is the goal's etag, which the rules compare
	case *planv1.InviteMemberRequest:
		taken.Sends = basis.To[rules.Plan](ground.PlanInvitation, r.GetParty())
		taken.Prepare = func(ctx context.Context, world rules.World, command rules.Command) (prepared, error) {
			home, err := s.Clients.HomeFor(ctx, command.Actor.Agency, world.Subjects[command.Subject])
			unit, _, _ := s.Addressed(r.GetParty(), home.Among(), "", command.At)
			return prepared{Facts: rules.Facts{Invited: unit}}, err
		}
	}
	named := r.(request) //nolint:forcetypeassert // the requests of all steps name their plan
	return service.Take(ctx, s.kernel, r, named.GetPlanId(), taken)
}
