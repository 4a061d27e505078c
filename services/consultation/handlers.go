package consultation

import (
	"context"

	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// TakeConsultation takes the step of the same name, as does each method below.
func (s *Service) TakeConsultation(ctx context.Context, r *consultationv1.TakeConsultationRequest) (*consultationv1.TakeConsultationResponse, error) {
	consultation, err := s.step(ctx, r)
	return &consultationv1.TakeConsultationResponse{Consultation: consultation}, err
}

func (s *Service) ReassignConsultation(ctx context.Context, r *consultationv1.ReassignConsultationRequest) (*consultationv1.ReassignConsultationResponse, error) {
	consultation, err := s.step(ctx, r)
	return &consultationv1.ReassignConsultationResponse{Consultation: consultation}, err
}

func (s *Service) InviteParticipant(ctx context.Context, r *consultationv1.InviteParticipantRequest) (*consultationv1.InviteParticipantResponse, error) {
	consultation, err := s.step(ctx, r)
	return &consultationv1.InviteParticipantResponse{Consultation: consultation}, err
}

func (s *Service) CloseConsultation(ctx context.Context, r *consultationv1.CloseConsultationRequest) (*consultationv1.CloseConsultationResponse, error) {
	consultation, err := s.step(ctx, r)
	return &consultationv1.CloseConsultationResponse{Consultation: consultation}, err
}

func (s *Service) RevokeConsultation(ctx context.Context, r *consultationv1.RevokeConsultationRequest) (*consultationv1.RevokeConsultationResponse, error) {
	consultation, err := s.step(ctx, r)
	return &consultationv1.RevokeConsultationResponse{Consultation: consultation}, err
}

func (s *Service) AcknowledgeRevocation(ctx context.Context, r *consultationv1.AcknowledgeRevocationRequest) (*consultationv1.AcknowledgeRevocationResponse, error) {
	consultation, err := s.step(ctx, r)
	return &consultationv1.AcknowledgeRevocationResponse{Consultation: consultation}, err
}
