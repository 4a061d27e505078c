package referral

import (
	"context"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/service"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/services/referral/internal/rules"
)

// request is the common interface of the requests of all steps.
type request interface {
	service.Request
	GetReferralId() string
}

type step = service.Step[rules.Referral, rules.Facts]

// SendReferral begins a referral.
func (s *Service) SendReferral(ctx context.Context, r *referralv1.SendReferralRequest) (*referralv1.SendReferralResponse, error) {
	shown, err := service.Begin(ctx, s.kernel, r, step{Decide: rules.Decide, Prepare: s.addressed(r.GetReceiver(), r.GetServiceKey())})
	if err != nil {
		return nil, err
	}
	return &referralv1.SendReferralResponse{Referral: s.referral(shown)}, nil
}

// RedirectReferral offers a whole referral to a third agency, including who the client is.
func (s *Service) RedirectReferral(ctx context.Context, r *referralv1.RedirectReferralRequest) (*referralv1.RedirectReferralResponse, error) {
	var client []byte
	addressed := func(ctx context.Context, world rules.World, command *rules.Command) (err error) {
		if command.Home, err = s.HomeFor(ctx, command.Actor.Agency, world.Subjects[command.Subject]); err != nil {
			return err
		}
		return s.addressed(r.GetReceiver(), world.State(command.Subject).ServiceKey)(ctx, world, command)
	}
	shown, state, err := service.Take(ctx, s.kernel, r, r.GetReferralId(), step{
		Decide: rules.Decide, Etag: r.GetEtag(),
		Prepare: func(ctx context.Context, world rules.World, command *rules.Command) (err error) {
			if err := addressed(ctx, world, command); err != nil {
				return err
			}
			client, err = s.Store.Client(ctx, command.Subject)
			return fault.Store(err)
		},
		Clients: func(command rules.Command) map[string][]byte {
			return map[string][]byte{rules.Collection + command.NewID: client}
		},
	})
	if err != nil {
		return nil, err
	}
	return &referralv1.RedirectReferralResponse{Referral: s.referral(shown), RedirectedReferralId: rules.ID(state.Onward.Subject)}, nil
}

// addressed adds to the facts of a command what the directory says of a receiver.
func (s *Service) addressed(receiver *commonv1.Party, serviceKey string) func(context.Context, rules.World, *rules.Command) error {
	return func(_ context.Context, _ rules.World, command *rules.Command) error {
		command.Facts.Receiver, command.Facts.Graces = s.Addressed(receiver, command.Home, serviceKey)
		agency, _ := s.Directory.Agency(receiver.GetAgency())
		command.Facts.ToSocialServices = agency.Kind == caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES
		return nil
	}
}

// step takes one step on an existing referral.
func (s *Service) step(ctx context.Context, r request) (*referralv1.Referral, error) {
	shown, _, err := service.Take(ctx, s.kernel, r, r.GetReferralId(), step{Decide: rules.Decide, Etag: service.EtagOf(r)})
	if err != nil {
		return nil, err
	}
	return s.referral(shown), nil
}
