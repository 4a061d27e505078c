package consultation

import (
	"context"

	"google.golang.org/grpc"

	"koppi.internal/pkg/caller"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Follow is Converse for callers that can read a stream but not write one, such as browsers. The
// caller sends nothing on it, and is shown as present like all others.
func (s *Service) Follow(r *consultationv1.FollowRequest, out grpc.ServerStreamingServer[consultationv1.FollowResponse]) error {
	who, err := caller.Of(out.Context())
	if err != nil {
		return err
	}
	c := s.conversation(who, r.GetConsultationId(), func(m *update) error { return out.Send(&consultationv1.FollowResponse{Told: m}) })
	return c.live(out.Context(), r.GetAfterMessageId(), "after_message_id")
}

// SignalTyping passes on that the caller is typing. It discloses nothing and stores nothing. A
// caller that may not know of the conversation is refused as by all other calls.
func (s *Service) SignalTyping(ctx context.Context, r *consultationv1.SignalTypingRequest) (*consultationv1.SignalTypingResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.Matters.CheckParty(ctx, who, r.GetConsultationId()); err != nil {
		return nil, err
	}
	if _, err := s.Matters.Related(ctx, who, r.GetConsultationId()); err != nil {
		return nil, err
	}
	s.conversation(who, r.GetConsultationId(), nil).signal(kindTyping)
	return &consultationv1.SignalTypingResponse{}, nil
}
