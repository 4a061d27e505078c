package consultation

import (
	"context"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/worklist"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	"koppi.internal/services/consultation/internal/rules"
)

// GetConsultation returns a consultation as the caller has been shown it.
func (s *Service) GetConsultation(ctx context.Context, r *consultationv1.GetConsultationRequest) (*consultationv1.GetConsultationResponse, error) {
	consultation, err := reading.Get(ctx, s.Matters, r.GetConsultationId(), s.consultation)
	return &consultationv1.GetConsultationResponse{Consultation: consultation}, err
}

// GetClient returns who the client is.
func (s *Service) GetClient(ctx context.Context, r *consultationv1.GetClientRequest) (*consultationv1.GetClientResponse, error) {
	client, err := s.Clients.Identity(ctx, r.GetConsultationId())
	if err != nil {
		return nil, err
	}
	return &consultationv1.GetClientResponse{
		PersonalIdentityCode: client.GetPersonalIdentityCode(), Details: client.GetDetails(), Language: client.GetLanguage(), Interpreter: client.GetInterpreter(),
	}, nil
}

// ListConsultations returns the worklist, the earliest due first: what the caller's agency received
// or sent; for a client, the client's own matters.
func (s *Service) ListConsultations(ctx context.Context, r *consultationv1.ListConsultationsRequest) (*consultationv1.ListConsultationsResponse, error) {
	page, err := s.Worklist.List(ctx, r, worklist.Filter{Role: journal.RoleOf(r.GetSent()), States: worklist.Numbers(r.GetStates())})
	return &consultationv1.ListConsultationsResponse{Consultations: worklist.Each(page, s.consultation), NextPageToken: page.NextToken}, err
}

// consultation returns a consultation as its caller reads it, with the caller's pseudonyms. A long
// one lacks its oldest parts.
func (s *Service) consultation(shown reading.Shown[rules.Consultation]) *consultationv1.Consultation {
	return matter.Fit(s.whole(shown), matter.MaxAnswer, rules.Long...)
}

// whole returns the same with nothing left out.
func (s *Service) whole(shown reading.Shown[rules.Consultation]) *consultationv1.Consultation {
	consultation := rules.ToConsultation(shown.View, shown.Actor)
	consultation.CaseId, consultation.ClientId, consultation.Status.Delivered = shown.CaseID, shown.ClientID, shown.Delivered
	consultation.ClientStatus = shown.ClientStatus
	consultation.MatterNumber = shown.MatterNumber
	consultation.Etag = shown.Etag(consultation)
	return consultation
}
