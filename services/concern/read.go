package concern

import (
	"context"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/worklist"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// GetConcern returns a concern as the caller has been shown it.
func (s *Service) GetConcern(ctx context.Context, r *concernv1.GetConcernRequest) (*concernv1.GetConcernResponse, error) {
	concern, err := reading.Get(ctx, s.Matters, r.GetConcernId(), s.concern)
	return &concernv1.GetConcernResponse{Concern: concern}, err
}

// GetClient returns who the client is.
func (s *Service) GetClient(ctx context.Context, r *concernv1.GetClientRequest) (*concernv1.GetClientResponse, error) {
	client, err := s.Clients.Identity(ctx, r.GetConcernId())
	if err != nil {
		return nil, err
	}
	return &concernv1.GetClientResponse{
		PersonalIdentityCode: client.GetPersonalIdentityCode(), Details: client.GetDetails(), Language: client.GetLanguage(), Interpreter: client.GetInterpreter(),
	}, nil
}

// ListConcerns returns the worklist, the earliest due first: what the caller's agency received or
// sent; for a client, the client's own matters.
func (s *Service) ListConcerns(ctx context.Context, r *concernv1.ListConcernsRequest) (*concernv1.ListConcernsResponse, error) {
	page, err := s.Worklist.List(ctx, r, worklist.Filter{Role: journal.RoleOf(r.GetSent()), States: worklist.Numbers(r.GetStates())})
	return &concernv1.ListConcernsResponse{Concerns: worklist.Each(page, s.concern), NextPageToken: page.NextToken}, err
}

// concern returns a concern as its caller reads it, with the caller's pseudonyms. A long concern
// lacks its oldest parts.
func (s *Service) concern(shown reading.Shown[rules.Concern]) *concernv1.Concern {
	return matter.Fit(s.whole(shown), matter.MaxAnswer, rules.Long...)
}

// whole returns the same with nothing left out.
func (s *Service) whole(shown reading.Shown[rules.Concern]) *concernv1.Concern {
	concern := rules.ToConcern(shown.State, shown.Reader, shown.Actor)
	concern.CaseId, concern.ClientId, concern.Status.Delivered = shown.CaseID, shown.ClientID, shown.Delivered
	concern.MatterNumber = shown.MatterNumber
	concern.PlannedContacts = shown.State.PlannedContacts(shown.Now)
	concern.ClientStatus = shown.ClientStatus
	concern.Etag = shown.Etag(concern)
	return concern
}
