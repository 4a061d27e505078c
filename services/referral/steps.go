package referral

import (
	"context"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/ground/basis"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
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

type (
	step     = service.Step[rules.Referral, rules.Facts]
	prepared = service.Prepared[rules.Facts]
)

// take takes one step on an existing referral. It returns the referral as its caller then reads it,
// and its full state.
func (s *Service) take(ctx context.Context, r service.Request, taken step) (reading.Shown[rules.Referral], rules.Referral, error) {
	switch r.(type) {
	case *referralv1.TriageReferralRequest:
		taken.Prepare = func(_ context.Context, world rules.World, command rules.Command) (prepared, error) {
			return prepared{Facts: rules.Facts{OnCall: s.Directory.OnCall(world.State(command.Subject).Holder, command.At)}}, nil
		}
	case *referralv1.AddInformationRequest:
		taken.Prepare = func(_ context.Context, world rules.World, command rules.Command) (prepared, error) {
			onCall := map[string]*commonv1.Party{}
			for subject, history := range world.Subjects {
				onCall[subject] = s.Directory.OnCall(history.State.Holder, command.At)
			}
			return prepared{Facts: rules.Facts{OnCallFor: onCall}}, nil
		}
	}
	named := r.(request) //nolint:forcetypeassert // the requests of all steps name their referral
	return service.Take(ctx, s.kernel, r, named.GetReferralId(), taken)
}

// SendReferral begins a referral.
func (s *Service) SendReferral(ctx context.Context, r *referralv1.SendReferralRequest) (*referralv1.SendReferralResponse, error) {
	shown, err := service.Begin(ctx, s.kernel, r, step{
		Decide: rules.Decide,
		Sends:  basis.To[rules.Referral](ground.ReferralOf(r.GetKind()), r.GetReceiver()),
		Prepare: func(_ context.Context, _ rules.World, command rules.Command) (prepared, error) {
			return prepared{Facts: s.addressed(r.GetReceiver(), command.Home, r.GetServiceKey(), command.At)}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &referralv1.SendReferralResponse{Referral: s.referral(shown)}, nil
}

// redirect returns how a redirection is decided.
func (s *Service) redirect(r *referralv1.RedirectReferralRequest) step {
	return step{
		Decide: rules.Decide, Etag: r.GetEtag(),
		Sends: func(known rules.Referral) basis.Sending {
			return basis.Sending{Message: ground.ReferralOf(known.Kind), Receiver: r.GetReceiver()}
		},
		Prepare: func(ctx context.Context, world rules.World, command rules.Command) (prepared, error) {
			home, err := s.Clients.HomeFor(ctx, command.Actor.Agency, world.Subjects[command.Subject])
			if err != nil {
				return prepared{}, err
			}
			client, err := s.Store.Client(ctx, command.Subject)
			return prepared{
				Facts: s.addressed(r.GetReceiver(), home, world.State(command.Subject).ServiceKey, command.At), Home: home,
				Clients: map[string][]byte{rules.Collection + command.NewID: client},
			}, fault.Store(err)
		},
	}
}

// addressed returns what the directory says of a receiver.
func (s *Service) addressed(receiver *commonv1.Party, home matter.Home, serviceKey string, at time.Time) rules.Facts {
	var facts rules.Facts
	facts.Receiver, facts.OnCall, facts.Graces = s.Addressed(receiver, home, serviceKey, at)
	facts.ToSocialServices = s.Directory.KindOf(receiver) == caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES
	return facts
}
