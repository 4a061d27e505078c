package concern

import (
	"context"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/loop"
	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// GetConcern reads a concern as the caller's agency has been shown it.
func (s *Service) GetConcern(ctx context.Context, r *concernv1.GetConcernRequest) (*concernv1.GetConcernResponse, error) {
	who, err := matter.Caller(ctx)
	if err != nil {
		return nil, err
	}
	history, err := s.Read(ctx, who, r.GetConcernId())
	if err != nil {
		return nil, err
	}
	concern := s.concern(history, who)
	concern.Status.Delivered, err = s.Delivered(ctx, history, who.Agency)
	return &concernv1.GetConcernResponse{Concern: concern}, err
}

// GetClient names the person.
func (s *Service) GetClient(ctx context.Context, r *concernv1.GetClientRequest) (*concernv1.GetClientResponse, error) {
	client, err := s.Identity(ctx, r.GetConcernId(), func(c rules.Concern) string { return rules.Responsible(c).GetAgency() })
	if err != nil {
		return nil, err
	}
	return &concernv1.GetClientResponse{
		PersonalIdentityCode: client.GetPersonalIdentityCode(), Details: client.GetDetails(), Language: client.GetLanguage(),
	}, nil
}

// concern is a history as the caller reads it, under the names that its agency has.
func (s *Service) concern(history loop.History[rules.Concern], who identity.Caller) *concernv1.Concern {
	view := history.Views[who.Agency]
	concern := rules.ToConcern(view.State, view.Reader, matter.Actor(who))
	concern.CaseId = s.Engine.Names.CaseName(who.Agency, history.State.Case)
	concern.ClientId = s.Engine.Names.ClientName(who.Agency, history.State.Client)
	concern.Etag = loop.Etag(history.State.Subject, who.Agency, view.Version)
	return concern
}
