package concern

import (
	"context"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// GetConcern reads a concern as the caller has been shown it.
func (s *Service) GetConcern(ctx context.Context, r *concernv1.GetConcernRequest) (*concernv1.GetConcernResponse, error) {
	concern, err := matter.Get(ctx, s.kernel, r.GetConcernId(), s.concern)
	return &concernv1.GetConcernResponse{Concern: concern}, err
}

// GetClient names the person.
func (s *Service) GetClient(ctx context.Context, r *concernv1.GetClientRequest) (*concernv1.GetClientResponse, error) {
	client, err := s.Identity(ctx, r.GetConcernId())
	if err != nil {
		return nil, err
	}
	return &concernv1.GetClientResponse{
		PersonalIdentityCode: client.GetPersonalIdentityCode(), Details: client.GetDetails(), Language: client.GetLanguage(),
	}, nil
}

// ListConcerns is the worklist: what the caller's agency received, or sent, the
// soonest due first; of a client, its own matters.
func (s *Service) ListConcerns(ctx context.Context, r *concernv1.ListConcernsRequest) (*concernv1.ListConcernsResponse, error) {
	page, err := s.List(ctx, r, matter.Filter{Role: journal.RoleOf(r.GetSent()), States: matter.Numbers(r.GetStates())})
	return &concernv1.ListConcernsResponse{Concerns: matter.Each(page, s.concern), NextPageToken: page.NextToken}, err
}

// concern is a concern as its caller reads it, under the names that it has. Of a
// long one the oldest parts are left out.
func (s *Service) concern(shown matter.Shown[rules.Concern]) *concernv1.Concern {
	return loop.Fit(s.whole(shown), loop.MaxAnswer, rules.Long...)
}

// whole is that with nothing left out.
func (s *Service) whole(shown matter.Shown[rules.Concern]) *concernv1.Concern {
	concern := rules.ToConcern(shown.State, shown.Reader, shown.Actor)
	concern.CaseId, concern.ClientId, concern.Status.Delivered = shown.CaseID, shown.ClientID, shown.Delivered
	concern.PlannedContacts = shown.State.PlannedContacts(shown.Now)
	concern.Etag = shown.Etag(concern)
	return concern
}
