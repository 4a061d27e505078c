package concern

import (
	"context"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// GetConcern reads a concern as the caller's agency has been shown it.
func (s *Service) GetConcern(ctx context.Context, r *concernv1.GetConcernRequest) (*concernv1.GetConcernResponse, error) {
	who, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	history, err := s.related(ctx, who, r.GetConcernId())
	if err != nil {
		return nil, err
	}
	concern := s.concern(history, who)
	if concern.Status.Delivered, err = s.delivered(ctx, history, who.Agency); err != nil {
		return nil, err
	}
	return &concernv1.GetConcernResponse{Concern: concern}, s.recordReading(ctx, who, "", reading(history))
}

// GetClient names the person. Contact data under a non-disclosure for safety is
// shown to the responsible agency alone.
func (s *Service) GetClient(ctx context.Context, r *concernv1.GetClientRequest) (*concernv1.GetClientResponse, error) {
	who, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	history, err := s.related(ctx, who, r.GetConcernId())
	if err != nil {
		return nil, err
	}
	client, err := s.client(ctx, history.State.Subject)
	if err != nil {
		return nil, err
	}
	details := client.GetDetails()
	if details.GetNonDisclosure() && rules.Responsible(history.State).GetAgency() != who.Agency {
		details = &commonv1.ClientDetails{
			GivenNames: details.GetGivenNames(), FamilyName: details.GetFamilyName(),
			BirthDate: details.GetBirthDate(), NonDisclosure: true,
		}
	}
	return &concernv1.GetClientResponse{
		PersonalIdentityCode: client.GetPersonalIdentityCode(), Details: details, Language: client.GetLanguage(),
	}, s.recordReading(ctx, who, "identity", reading(history))
}

// related reads a concern that the caller's agency is party to; any other is not
// found, like one that does not exist.
func (s *Service) related(ctx context.Context, who identity.Caller, concernID string) (loop.History[rules.Concern], error) {
	if !partyRole(who) {
		return loop.History[rules.Concern]{}, fault.New(fault.NotFound, "there is no such matter for you")
	}
	histories, err := s.engine.Read(ctx, who.Agency, rules.Collection+concernID)
	if err != nil {
		return loop.History[rules.Concern]{}, err
	}
	return histories[0], nil
}

func reading(history loop.History[rules.Concern]) read {
	return read{subject: history.State.Subject, client: history.State.Client, basis: history.State.Basis}
}

// concern is a history as the caller reads it, under the names that its agency has.
func (s *Service) concern(history loop.History[rules.Concern], who identity.Caller) *concernv1.Concern {
	view := history.Views[who.Agency]
	concern := rules.ToConcern(view.State, view.Reader, actor(who))
	concern.CaseId = s.engine.Names.CaseName(who.Agency, history.State.Case)
	concern.ClientId = s.engine.Names.ClientName(who.Agency, history.State.Client)
	concern.Etag = loop.Etag(history.State.Subject, who.Agency, view.Version)
	return concern
}

// delivered tells whether the other side's system has acknowledged the last
// message that both were shown.
func (s *Service) delivered(ctx context.Context, history loop.History[rules.Concern], own string) (bool, error) {
	for agency := range history.Views {
		if agency == own {
			continue
		}
		messages, err := s.deps.Store.Deliveries(ctx, journal.DeliveryQuery{Agency: agency, ID: history.Shared, Limit: 1})
		if err != nil || len(messages) == 0 {
			return false, fault.Store(err)
		}
		consumers, err := s.deps.Store.Consumers(ctx, agency)
		if err != nil {
			return false, fault.Store(err)
		}
		for _, consumer := range consumers {
			if consumer.Sequence >= messages[0].Sequence {
				return true, nil
			}
		}
	}
	return false, nil
}
