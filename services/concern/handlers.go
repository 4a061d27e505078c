package concern

import (
	"context"

	"koppi.internal/pkg/service"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// ReceiveConcern takes the step of the same name, as does each method below.
func (s *Service) ReceiveConcern(ctx context.Context, r *concernv1.ReceiveConcernRequest) (*concernv1.ReceiveConcernResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.ReceiveConcernResponse{Concern: concern}, err
}

func (s *Service) TriageConcern(ctx context.Context, r *concernv1.TriageConcernRequest) (*concernv1.TriageConcernResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.TriageConcernResponse{Concern: concern}, err
}

func (s *Service) TakeConcern(ctx context.Context, r *concernv1.TakeConcernRequest) (*concernv1.TakeConcernResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.TakeConcernResponse{Concern: concern}, err
}

func (s *Service) ReassignConcern(ctx context.Context, r *concernv1.ReassignConcernRequest) (*concernv1.ReassignConcernResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.ReassignConcernResponse{Concern: concern}, err
}

func (s *Service) RecordContactAttempt(ctx context.Context, r *concernv1.RecordContactAttemptRequest) (*concernv1.RecordContactAttemptResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.RecordContactAttemptResponse{Concern: concern}, err
}

func (s *Service) RequestInformation(ctx context.Context, r *concernv1.RequestInformationRequest) (*concernv1.RequestInformationResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.RequestInformationResponse{Concern: concern}, err
}

func (s *Service) ProvideInformation(ctx context.Context, r *concernv1.ProvideInformationRequest) (*concernv1.ProvideInformationResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.ProvideInformationResponse{Concern: concern}, err
}

func (s *Service) StartAssessment(ctx context.Context, r *concernv1.StartAssessmentRequest) (*concernv1.StartAssessmentResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.StartAssessmentResponse{Concern: concern}, err
}

func (s *Service) CompleteAssessment(ctx context.Context, r *concernv1.CompleteAssessmentRequest) (*concernv1.CompleteAssessmentResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.CompleteAssessmentResponse{Concern: concern}, err
}

func (s *Service) CloseConcern(ctx context.Context, r *concernv1.CloseConcernRequest) (*concernv1.CloseConcernResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.CloseConcernResponse{Concern: concern}, err
}

func (s *Service) ForwardConcern(ctx context.Context, r *concernv1.ForwardConcernRequest) (*concernv1.ForwardConcernResponse, error) {
	shown, concern, err := service.Take(ctx, s.kernel, r, r.GetConcernId(), s.taken(r))
	if err != nil {
		return nil, err
	}
	// The request's own forward is the last one of the state that the request led to, the first
	// time and at every repetition.
	return &concernv1.ForwardConcernResponse{
		Concern: s.concern(shown), ForwardedConcernId: rules.ID(concern.Forwards[len(concern.Forwards)-1].Subject),
	}, nil
}

func (s *Service) DeclineConcern(ctx context.Context, r *concernv1.DeclineConcernRequest) (*concernv1.DeclineConcernResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.DeclineConcernResponse{Concern: concern}, err
}

func (s *Service) WithdrawConcern(ctx context.Context, r *concernv1.WithdrawConcernRequest) (*concernv1.WithdrawConcernResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.WithdrawConcernResponse{Concern: concern}, err
}

func (s *Service) SettleConcern(ctx context.Context, r *concernv1.SettleConcernRequest) (*concernv1.SettleConcernResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.SettleConcernResponse{Concern: concern}, err
}

func (s *Service) RevokeConcern(ctx context.Context, r *concernv1.RevokeConcernRequest) (*concernv1.RevokeConcernResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.RevokeConcernResponse{Concern: concern}, err
}

func (s *Service) AcknowledgeRevocation(ctx context.Context, r *concernv1.AcknowledgeRevocationRequest) (*concernv1.AcknowledgeRevocationResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.AcknowledgeRevocationResponse{Concern: concern}, err
}

func (s *Service) PlanContact(ctx context.Context, r *concernv1.PlanContactRequest) (*concernv1.PlanContactResponse, error) {
	concern, err := s.step(ctx, r)
	return &concernv1.PlanContactResponse{Concern: concern}, err
}
