package consultation

import (
	"context"

	"koppi.internal/pkg/service"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	"koppi.internal/services/consultation/internal/rules"
)

// request is the common interface of the requests of all steps.
type request interface {
	service.Request
	GetConsultationId() string
}

type step = service.Step[rules.Consultation, rules.Facts]

// OpenConsultation asks a question.
func (s *Service) OpenConsultation(ctx context.Context, r *consultationv1.OpenConsultationRequest) (*consultationv1.OpenConsultationResponse, error) {
	shown, err := service.Begin(ctx, s.kernel, r, step{Decide: rules.Decide, Prepare: s.addressed(r.GetAddressee())})
	if err != nil {
		return nil, err
	}
	return &consultationv1.OpenConsultationResponse{Consultation: s.consultation(shown)}, nil
}

// PostMessage posts a message in a conversation.
func (s *Service) PostMessage(ctx context.Context, r *consultationv1.PostMessageRequest) (*consultationv1.PostMessageResponse, error) {
	_, state, err := s.stepped(ctx, r)
	if err != nil {
		return nil, err
	}
	// The request's own message is the last one of the state that the request led to, the first
	// time and at every repetition.
	messages := state.Consultation.GetMessages()
	return &consultationv1.PostMessageResponse{Message: messages[len(messages)-1]}, nil
}

// step takes one step on an existing consultation.
func (s *Service) step(ctx context.Context, r request) (*consultationv1.Consultation, error) {
	shown, _, err := s.stepped(ctx, r)
	if err != nil {
		return nil, err
	}
	return s.consultation(shown), nil
}

// stepped also returns the true state of the consultation, and signals the change to its live
// streams.
func (s *Service) stepped(ctx context.Context, r request) (service.Shown[rules.Consultation], rules.Consultation, error) {
	taken := step{Decide: rules.Decide, Etag: service.EtagOf(r)}
	if invite, ok := r.(*consultationv1.InviteParticipantRequest); ok {
		taken.Prepare = s.addressed(invite.GetParticipant())
	}
	shown, state, err := service.Take(ctx, s.kernel, r, r.GetConsultationId(), taken)
	if err == nil {
		s.Signals.Send(r.GetConsultationId(), changed)
	}
	return shown, state, err
}

// addressed adds to the facts of a command what the directory says of a party.
func (s *Service) addressed(party *commonv1.Party) func(context.Context, rules.World, *rules.Command) error {
	return func(_ context.Context, _ rules.World, command *rules.Command) error {
		command.Facts.Party, _ = s.Addressed(party, command.Home.Among(), "")
		return nil
	}
}
