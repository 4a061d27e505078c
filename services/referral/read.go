package referral

import (
	"context"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/worklist"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/services/referral/internal/rules"
)

// GetReferral returns a referral as the caller has been shown it.
func (s *Service) GetReferral(ctx context.Context, r *referralv1.GetReferralRequest) (*referralv1.GetReferralResponse, error) {
	referral, err := reading.Get(ctx, s.Matters, r.GetReferralId(), s.referral)
	return &referralv1.GetReferralResponse{Referral: referral}, err
}

// GetClient returns who the client is.
func (s *Service) GetClient(ctx context.Context, r *referralv1.GetClientRequest) (*referralv1.GetClientResponse, error) {
	client, err := s.Clients.Identity(ctx, r.GetReferralId())
	if err != nil {
		return nil, err
	}
	return &referralv1.GetClientResponse{
		PersonalIdentityCode: client.GetPersonalIdentityCode(), Details: client.GetDetails(), Language: client.GetLanguage(), Interpreter: client.GetInterpreter(),
	}, nil
}

// ListReferrals returns the worklist, the earliest due first: what the caller's agency received or
// sent; for a client, the client's own matters.
func (s *Service) ListReferrals(ctx context.Context, r *referralv1.ListReferralsRequest) (*referralv1.ListReferralsResponse, error) {
	page, err := s.Worklist.List(ctx, r, worklist.Filter{Role: journal.RoleOf(r.GetSent()), States: worklist.Numbers(r.GetStates())})
	return &referralv1.ListReferralsResponse{Referrals: worklist.Each(page, s.referral), NextPageToken: page.NextToken}, err
}

// referral returns a referral as its caller reads it, with the caller's pseudonyms. A long one
// lacks its oldest parts.
func (s *Service) referral(shown reading.Shown[rules.Referral]) *referralv1.Referral {
	return matter.Fit(s.whole(shown), matter.MaxAnswer, rules.Long...)
}

// whole returns the same with nothing left out.
func (s *Service) whole(shown reading.Shown[rules.Referral]) *referralv1.Referral {
	referral := rules.ToReferral(shown.View, shown.Actor)
	referral.CaseId, referral.ClientId, referral.Status.Delivered = shown.CaseID, shown.ClientID, shown.Delivered
	referral.MatterNumber = shown.MatterNumber
	referral.PlannedContacts = shown.State.PlannedContacts(shown.Now)
	referral.ClientStatus = shown.ClientStatus
	referral.Etag = shown.Etag(referral)
	return referral
}
