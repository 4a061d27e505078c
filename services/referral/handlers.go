package referral

import (
	"context"

	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// ReceiveReferral takes the step of the same name, as does each method below.
func (s *Service) ReceiveReferral(ctx context.Context, r *referralv1.ReceiveReferralRequest) (*referralv1.ReceiveReferralResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.ReceiveReferralResponse{Referral: referral}, err
}

func (s *Service) TriageReferral(ctx context.Context, r *referralv1.TriageReferralRequest) (*referralv1.TriageReferralResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.TriageReferralResponse{Referral: referral}, err
}

func (s *Service) AcceptReferral(ctx context.Context, r *referralv1.AcceptReferralRequest) (*referralv1.AcceptReferralResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.AcceptReferralResponse{Referral: referral}, err
}

func (s *Service) DeclineReferral(ctx context.Context, r *referralv1.DeclineReferralRequest) (*referralv1.DeclineReferralResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.DeclineReferralResponse{Referral: referral}, err
}

func (s *Service) ReassignReferral(ctx context.Context, r *referralv1.ReassignReferralRequest) (*referralv1.ReassignReferralResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.ReassignReferralResponse{Referral: referral}, err
}

func (s *Service) ScheduleAppointment(ctx context.Context, r *referralv1.ScheduleAppointmentRequest) (*referralv1.ScheduleAppointmentResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.ScheduleAppointmentResponse{Referral: referral}, err
}

func (s *Service) RecordAppointmentResult(ctx context.Context, r *referralv1.RecordAppointmentResultRequest) (*referralv1.RecordAppointmentResultResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.RecordAppointmentResultResponse{Referral: referral}, err
}

func (s *Service) AddProgressNote(ctx context.Context, r *referralv1.AddProgressNoteRequest) (*referralv1.AddProgressNoteResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.AddProgressNoteResponse{Referral: referral}, err
}

func (s *Service) RefuseCancellation(ctx context.Context, r *referralv1.RefuseCancellationRequest) (*referralv1.RefuseCancellationResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.RefuseCancellationResponse{Referral: referral}, err
}

func (s *Service) CompleteReferral(ctx context.Context, r *referralv1.CompleteReferralRequest) (*referralv1.CompleteReferralResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.CompleteReferralResponse{Referral: referral}, err
}

func (s *Service) CancelReferral(ctx context.Context, r *referralv1.CancelReferralRequest) (*referralv1.CancelReferralResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.CancelReferralResponse{Referral: referral}, err
}

func (s *Service) SettleReferral(ctx context.Context, r *referralv1.SettleReferralRequest) (*referralv1.SettleReferralResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.SettleReferralResponse{Referral: referral}, err
}

func (s *Service) RevokeReferral(ctx context.Context, r *referralv1.RevokeReferralRequest) (*referralv1.RevokeReferralResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.RevokeReferralResponse{Referral: referral}, err
}

func (s *Service) AcknowledgeRevocation(ctx context.Context, r *referralv1.AcknowledgeRevocationRequest) (*referralv1.AcknowledgeRevocationResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.AcknowledgeRevocationResponse{Referral: referral}, err
}

func (s *Service) PlanContact(ctx context.Context, r *referralv1.PlanContactRequest) (*referralv1.PlanContactResponse, error) {
	referral, err := s.step(ctx, r)
	return &referralv1.PlanContactResponse{Referral: referral}, err
}
