package consultation

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/service"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	"koppi.internal/services/consultation/internal/rules"
)

// Register adds the service's handlers to a server. Each step of the rules' table is a method of the
// same name; those that do more than take the step are implemented here.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	service.RegisterSteps(server, consultationv1.ConsultationService_ServiceDesc, s, rules.Table.Steps("PostMessage"), s.takeStep)
	s.kernel.Register(server)
}

// takeStep takes one step on an existing consultation.
func (s *Service) takeStep(ctx context.Context, r service.Request) (proto.Message, error) {
	shown, _, err := s.take(ctx, r)
	if err != nil {
		return nil, err
	}
	return s.consultation(shown), nil
}

// PostMessage posts a message in a conversation.
func (s *Service) PostMessage(ctx context.Context, r *consultationv1.PostMessageRequest) (*consultationv1.PostMessageResponse, error) {
	_, state, err := s.take(ctx, r)
	if err != nil {
		return nil, err
	}
	// The request's own message is the last one of the state that the request led to, the first
	// time and at every repetition.
	messages := state.Consultation.GetMessages()
	return &consultationv1.PostMessageResponse{Message: messages[len(messages)-1]}, nil
}
