package gateway

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// GiveConsent lets every service record the consent.
func (c *Consents) GiveConsent(ctx context.Context, r *consentv1.GiveConsentRequest) (*consentv1.GiveConsentResponse, error) {
	recorded, err := c.everywhere(ctx, &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_GiveConsent{GiveConsent: r}})
	return &consentv1.GiveConsentResponse{Consent: first(recorded.GetConsents())}, err
}

// WithdrawAdvanceConsent lets every service record the withdrawal, and withdraw what was sent on
// that consent.
func (c *Consents) WithdrawAdvanceConsent(ctx context.Context, r *consentv1.WithdrawAdvanceConsentRequest) (*consentv1.WithdrawAdvanceConsentResponse, error) {
	recorded, err := c.everywhere(ctx, &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_WithdrawConsent{WithdrawConsent: r}})
	return &consentv1.WithdrawAdvanceConsentResponse{Consent: first(recorded.GetConsents()), Waiting: first(recorded.GetWaiting())}, err
}

// ProhibitTransfer lets every service record the prohibition, and withdraw what rests on consent.
func (c *Consents) ProhibitTransfer(ctx context.Context, r *consentv1.ProhibitTransferRequest) (*consentv1.ProhibitTransferResponse, error) {
	recorded, err := c.everywhere(ctx, &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_Prohibit{Prohibit: r}})
	return &consentv1.ProhibitTransferResponse{Prohibition: first(recorded.GetProhibitions()), Waiting: first(recorded.GetWaiting())}, err
}

// LiftProhibition lets every service record that the prohibition is lifted.
func (c *Consents) LiftProhibition(ctx context.Context, r *consentv1.LiftProhibitionRequest) (*consentv1.LiftProhibitionResponse, error) {
	recorded, err := c.everywhere(ctx, &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_Lift{Lift: r}})
	return &consentv1.LiftProhibitionResponse{Prohibition: first(recorded.GetProhibitions()), Waiting: first(recorded.GetWaiting())}, err
}

// DecideWish lets every service record the decision on a waiting consent directive, and do what
// follows from it.
func (c *Consents) DecideWish(ctx context.Context, r *consentv1.DecideWishRequest) (*consentv1.DecideWishResponse, error) {
	recorded, err := c.everywhere(ctx, &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_DecideWish{DecideWish: r}})
	return &consentv1.DecideWishResponse{
		Wish: first(recorded.GetWaiting()), Prohibition: first(recorded.GetProhibitions()), Consent: first(recorded.GetConsents()),
	}, err
}

// RequestOverride lets one service record the request: the service in which the override is to be
// used. It can be used once there, and in no other service.
func (c *Consents) RequestOverride(ctx context.Context, r *consentv1.RequestOverrideRequest) (*consentv1.RequestOverrideResponse, error) {
	recorded, err := c.in(ctx, r.GetService(), &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_RequestOverride{RequestOverride: r}})
	return &consentv1.RequestOverrideResponse{Override: first(recorded.GetOverrides())}, err
}

// DecideOverride lets the service that keeps the override record the decision.
func (c *Consents) DecideOverride(ctx context.Context, r *consentv1.DecideOverrideRequest) (*consentv1.DecideOverrideResponse, error) {
	recorded, err := c.in(ctx, r.GetService(), &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_DecideOverride{DecideOverride: r}})
	return &consentv1.DecideOverrideResponse{Override: first(recorded.GetOverrides())}, err
}

// ListWishes merges the consent directives of all services, the newest first.
func (c *Consents) ListWishes(ctx context.Context, r *consentv1.ListWishesRequest) (*consentv1.ListWishesResponse, error) {
	_, parts, err := fanout.AskForCaller(ctx, c.Services, func(ctx context.Context, _ string, service caseworkv1.MatterServiceClient) (*caseworkv1.ReadWishesResponse, error) {
		return service.ReadWishes(ctx, &caseworkv1.ReadWishesRequest{Wishes: r})
	})
	if err != nil {
		return nil, err
	}
	all := make([]*consentv1.Wishes, 0, len(parts))
	for _, part := range parts {
		all = append(all, part.GetWishes())
	}
	return &consentv1.ListWishesResponse{Wishes: merged(all)}, nil
}

// in lets one service record a consent directive; NOT_FOUND where there is no such service.
func (c *Consents) in(ctx context.Context, name string, r *caseworkv1.RecordWishRequest) (*consentv1.Wishes, error) {
	conn := c.Services[name+"s"]
	if conn == nil {
		return nil, caller.NotFound()
	}
	recorded, err := caseworkv1.NewMatterServiceClient(conn).RecordWish(identity.Forward(ctx), r)
	return recorded.GetWishes(), err
}

// everywhere lets all services record a consent directive, and returns once all have: a prohibition
// that one service does not know must not look as if it were in force, and what it withdraws counts
// in all services. A service that fails does not delay the others. A directive that only some
// services know can be lifted or withdrawn; one that no service knows is NOT_FOUND.
func (c *Consents) everywhere(ctx context.Context, r *caseworkv1.RecordWishRequest) (*consentv1.Wishes, error) {
	listed := c.Services.Names()[0]
	ctx, vouched, err := c.vouched(ctx, r)
	if err != nil {
		return nil, err
	}
	record := func(ctx context.Context, name string, conn grpc.ClientConnInterface) (*consentv1.Wishes, error) {
		one := &caseworkv1.RecordWishRequest{Wish: r.GetWish(), Listed: name == listed}
		recorded, err := caseworkv1.NewMatterServiceClient(conn).RecordWish(ctx, one)
		if err == nil {
			err = c.passOn(ctx, name, recorded.GetWithdrawals())
		}
		return recorded.GetWishes(), err
	}
	if !vouched {
		// The first service refuses, and keeps the record of the refusal.
		if _, err := record(ctx, listed, c.Services[listed]); err != nil && fault.ReasonOf(err) != fault.NotFound {
			return nil, err
		}
	}
	var all []*consentv1.Wishes
	var unknown error
	for _, answer := range fanout.Try(ctx, c.Services, record) {
		switch {
		case fault.ReasonOf(answer.Err) == fault.NotFound:
			unknown = answer.Err
		case answer.Err != nil:
			return nil, answer.Err
		default:
			all = append(all, answer.Value)
		}
	}
	if len(all) == 0 {
		return nil, unknown
	}
	for len(all) < len(c.Services) {
		all = append(all, nil)
	}
	return merged(all), nil
}

// vouched asks all services whether they know a live matter of the client, and puts their answers
// (vouchers) into the outgoing context, so that each service gets all of them: an agency may act
// for a client if it has a matter of that client in any service. A client who calls needs no
// voucher. The result is true if the caller may act.
func (c *Consents) vouched(ctx context.Context, r *caseworkv1.RecordWishRequest) (context.Context, bool, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, false, err
	}
	ctx = identity.Forward(ctx)
	if who.Role == identity.RoleClient {
		return ctx, true, nil
	}
	var vouchers []string
	var failed error
	answers := fanout.Try(ctx, c.Services, func(ctx context.Context, _ string, conn grpc.ClientConnInterface) (*caseworkv1.VouchResponse, error) {
		return caseworkv1.NewMatterServiceClient(conn).Vouch(ctx, &caseworkv1.VouchRequest{Record: r})
	})
	for _, answer := range answers {
		if voucher := answer.Value.GetVoucher(); voucher != "" {
			vouchers = append(vouchers, caller.MetadataVoucher, voucher)
		}
		if failed == nil {
			failed = answer.Err
		}
	}
	if failed != nil && len(vouchers) == 0 {
		return nil, false, failed
	}
	return metadata.AppendToOutgoingContext(ctx, vouchers...), len(vouchers) > 0, nil
}

// first is the first element of a list; nil for an empty list.
func first[W any](list []*W) *W {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}
