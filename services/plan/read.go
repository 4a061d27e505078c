package plan

import (
	"context"

	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/worklist"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// GetPlan returns a plan as the caller has been shown it.
func (s *Service) GetPlan(ctx context.Context, r *planv1.GetPlanRequest) (*planv1.GetPlanResponse, error) {
	plan, err := reading.Get(ctx, s.Matters, r.GetPlanId(), s.plan)
	return &planv1.GetPlanResponse{Plan: plan}, err
}

// GetClient returns who the client is.
func (s *Service) GetClient(ctx context.Context, r *planv1.GetClientRequest) (*planv1.GetClientResponse, error) {
	client, err := s.Clients.Identity(ctx, r.GetPlanId())
	if err != nil {
		return nil, err
	}
	return &planv1.GetClientResponse{
		PersonalIdentityCode: client.GetPersonalIdentityCode(), Details: client.GetDetails(), Language: client.GetLanguage(), Interpreter: client.GetInterpreter(),
	}, nil
}

// ListPlans returns the worklist, the earliest due first: the plans of which the caller's agency is
// a member; for a client, the client's own plans.
func (s *Service) ListPlans(ctx context.Context, r *planv1.ListPlansRequest) (*planv1.ListPlansResponse, error) {
	page, err := s.Worklist.List(ctx, r, worklist.Filter{States: worklist.Numbers(r.GetStates())})
	return &planv1.ListPlansResponse{Plans: worklist.Each(page, s.plan), NextPageToken: page.NextToken}, err
}

// plan returns a plan as its caller reads it, with the caller's pseudonyms. A long plan lacks its
// oldest parts.
func (s *Service) plan(shown reading.Shown[rules.Plan]) *planv1.Plan {
	return matter.Fit(s.whole(shown), matter.MaxAnswer, rules.Long...)
}

// whole returns the same with nothing left out.
func (s *Service) whole(shown reading.Shown[rules.Plan]) *planv1.Plan {
	plan := rules.ToPlan(shown.View, shown.Actor)
	plan.CaseId, plan.ClientId, plan.Status.Delivered = shown.CaseID, shown.ClientID, shown.Delivered
	plan.MatterNumber = shown.MatterNumber
	plan.PlannedContacts = shown.State.PlannedContacts(shown.Now)
	plan.ClientStatus = shown.ClientStatus
	plan.Etag = shown.Etag(plan)
	return plan
}
