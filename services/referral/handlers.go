package referral

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/service"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/services/referral/internal/rules"
)

// Register adds the service's handlers to a server. Each step of the rules' table is a method of the
// same name; those that do more than take the step are implemented here.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	service.RegisterSteps(server, referralv1.ReferralService_ServiceDesc, s, rules.Table.Steps("RedirectReferral"), s.takeStep)
	s.kernel.Register(server)
}

// takeStep takes one step on an existing referral.
func (s *Service) takeStep(ctx context.Context, r service.Request) (proto.Message, error) {
	shown, _, err := s.take(ctx, r, step{Decide: rules.Decide, Etag: service.EtagOf(r)})
	if err != nil {
		return nil, err
	}
	return s.referral(shown), nil
}

// RedirectReferral offers a whole referral to a third agency, including who the client is. It also
// returns the id of the referral there.
func (s *Service) RedirectReferral(ctx context.Context, r *referralv1.RedirectReferralRequest) (*referralv1.RedirectReferralResponse, error) {
	shown, state, err := s.take(ctx, r, s.redirect(r))
	if err != nil {
		return nil, err
	}
	return &referralv1.RedirectReferralResponse{Referral: s.referral(shown), RedirectedReferralId: rules.ID(state.Onward.Subject)}, nil
}
