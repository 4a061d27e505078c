package consultation

import (
	"context"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	"koppi.internal/pkg/matter"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	"koppi.internal/services/consultation/internal/rules"
)

// GetConsultation reads a consultation as the caller has been shown it.
func (s *Service) GetConsultation(ctx context.Context, r *consultationv1.GetConsultationRequest) (*consultationv1.GetConsultationResponse, error) {
	consultation, err := matter.Get(ctx, s.kernel, r.GetConsultationId(), s.consultation)
	return &consultationv1.GetConsultationResponse{Consultation: consultation}, err
}

// GetClient names the person.
func (s *Service) GetClient(ctx context.Context, r *consultationv1.GetClientRequest) (*consultationv1.GetClientResponse, error) {
	client, err := s.Identity(ctx, r.GetConsultationId())
	if err != nil {
		return nil, err
	}
	return &consultationv1.GetClientResponse{
		PersonalIdentityCode: client.GetPersonalIdentityCode(), Details: client.GetDetails(), Language: client.GetLanguage(),
	}, nil
}

// ListConsultations is the worklist: what the caller's agency received, or sent, the
// soonest due first; of a client, its own matters.
func (s *Service) ListConsultations(ctx context.Context, r *consultationv1.ListConsultationsRequest) (*consultationv1.ListConsultationsResponse, error) {
	page, err := s.List(ctx, r, matter.Filter{Role: journal.RoleOf(r.GetSent()), States: matter.Numbers(r.GetStates())})
	return &consultationv1.ListConsultationsResponse{Consultations: matter.Each(page, s.consultation), NextPageToken: page.NextToken}, err
}

// consultation is a consultation as its caller reads it, under the names that it has. Of a
// long one the oldest parts are left out.
func (s *Service) consultation(shown matter.Shown[rules.Consultation]) *consultationv1.Consultation {
	return loop.Fit(s.whole(shown), loop.MaxAnswer, rules.Long...)
}

// whole is that with nothing left out.
func (s *Service) whole(shown matter.Shown[rules.Consultation]) *consultationv1.Consultation {
	consultation := rules.ToConsultation(shown.View, shown.Actor)
	consultation.CaseId, consultation.ClientId, consultation.Status.Delivered = shown.CaseID, shown.ClientID, shown.Delivered
	consultation.Etag = shown.Etag(consultation)
	return consultation
}
