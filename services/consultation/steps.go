package consultation

import (
	"context"

	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/ground/basis"
	"koppi.internal/pkg/reading"
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

type (
	step     = service.Step[rules.Consultation, rules.Facts]
	prepared = service.Prepared[rules.Facts]
)

// OpenConsultation asks a question.
func (s *Service) OpenConsultation(ctx context.Context, r *consultationv1.OpenConsultationRequest) (*consultationv1.OpenConsultationResponse, error) {
	shown, err := service.Begin(ctx, s.kernel, r, step{
		Decide: rules.Decide, Prepare: s.addressed(r.GetAddressee()), Sends: basis.To[rules.Consultation](ground.Consultation, r.GetAddressee()),
	})
	if err != nil {
		return nil, err
	}
	return &consultationv1.OpenConsultationResponse{Consultation: s.consultation(shown)}, nil
}

// take takes one step on an existing consultation, and signals the change to its live streams. It
// returns the consultation as its caller then reads it, and its full state.
func (s *Service) take(ctx context.Context, r service.Request) (reading.Shown[rules.Consultation], rules.Consultation, error) {
	id := r.(request).GetConsultationId() //nolint:forcetypeassert // the requests of all steps name their consultation
	taken := step{Decide: rules.Decide, Etag: service.EtagOf(r)}
	if invite, ok := r.(*consultationv1.InviteParticipantRequest); ok {
		taken.Prepare, taken.Sends = s.addressed(invite.GetParticipant()), basis.To[rules.Consultation](ground.ConsultationInvitation, invite.GetParticipant())
	}
	shown, state, err := service.Take(ctx, s.kernel, r, id, taken)
	if err == nil {
		s.Signals.Send(id, changed)
	}
	return shown, state, err
}

// addressed gathers what the directory says of a party.
func (s *Service) addressed(party *commonv1.Party) func(context.Context, rules.World, rules.Command) (prepared, error) {
	return func(_ context.Context, _ rules.World, command rules.Command) (prepared, error) {
		full, onCall, _ := s.Addressed(party, command.Home.Among(), "", command.At)
		return prepared{Facts: rules.Facts{Party: full, OnCall: onCall}}, nil
	}
}
