package concern

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/people/keeper"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/service"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// Register adds the service's handlers to a server. Each step of the rules' table is a method of the
// same name; those that do more than take the step are implemented here.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	service.RegisterSteps(server, concernv1.ConcernService_ServiceDesc, s, rules.Table.Steps("ForwardConcern", "RecordFeedbackConsent"), s.takeStep)
	s.kernel.Register(server)
	staff := &keeper.Keeper{
		Records: s.Records, Directory: s.Directory, Secrets: s.Secrets, Clock: s.Clock, AccessLog: s.AccessLog, NewID: s.NewID, Persons: s.Persons,
	}
	staff.Register(server)
}

// takeStep takes one step on an existing concern.
func (s *Service) takeStep(ctx context.Context, r service.Request) (proto.Message, error) {
	shown, _, err := s.take(ctx, r)
	if err != nil {
		return nil, err
	}
	return s.concern(shown), nil
}

// RecordFeedbackConsent records the client's answer: the receiver's worker does, or the client.
func (s *Service) RecordFeedbackConsent(ctx context.Context, r *concernv1.RecordFeedbackConsentRequest) (*concernv1.RecordFeedbackConsentResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	var shown reading.Shown[rules.Concern]
	if who.Role == identity.RoleClient {
		shown, err = service.TakeAsClient(ctx, s.kernel, who, r, r.GetConcernId(), func(world rules.World, subject string, at time.Time) ([]matter.Event, error) {
			return rules.AnswerFeedback(world, subject, r, at)
		})
	} else {
		shown, _, err = s.take(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return &concernv1.RecordFeedbackConsentResponse{Concern: s.concern(shown)}, nil
}

// ForwardConcern also returns the id of the concern at the next receiver. The request's own forward
// is the last one of the state that the request led to, the first time and at every repetition.
func (s *Service) ForwardConcern(ctx context.Context, r *concernv1.ForwardConcernRequest) (*concernv1.ForwardConcernResponse, error) {
	shown, concern, err := s.take(ctx, r)
	if err != nil {
		return nil, err
	}
	return &concernv1.ForwardConcernResponse{
		Concern: s.concern(shown), ForwardedConcernId: rules.ID(concern.Forwards[len(concern.Forwards)-1].Subject),
	}, nil
}
