package concern

import (
	"context"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// ListConcerns is the worklist: what the caller's agency received, or sent, the
// soonest due first.
func (s *Service) ListConcerns(ctx context.Context, r *concernv1.ListConcernsRequest) (*concernv1.ListConcernsResponse, error) {
	who, err := matter.Caller(ctx)
	if err != nil {
		return nil, err
	}
	filter := matter.Filter{Role: journal.RoleReceiver}
	if r.GetSent() {
		filter.Role = journal.RoleSender
	}
	for _, state := range r.GetStates() {
		filter.States = append(filter.States, int32(state))
	}
	page, err := s.List(ctx, who, r, filter)
	if err != nil {
		return nil, err
	}
	response := &concernv1.ListConcernsResponse{NextPageToken: page.NextToken}
	for _, history := range page.Histories {
		concern := s.concern(history, who)
		if concern.Status.Delivered, err = s.Delivered(ctx, history, who.Agency); err != nil {
			return nil, err
		}
		response.Concerns = append(response.Concerns, concern)
	}
	return response, nil
}
