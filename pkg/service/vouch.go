package service

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/telemetry"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

const (
	// MetadataVoucher is the metadata key under which a service receives the proof that another
	// service knows a live matter of the client. The gateway sets it, and drops any that comes from
	// outside.
	MetadataVoucher = "koppi-voucher"

	voucherKind = identity.Kind("voucher")
	voucherTime = time.Minute
	// maxMatters is how many matters of a client are searched for a live one.
	maxMatters = 1000
	// refusedPurpose is the purpose in the access record of a refused directive.
	refusedPurpose = "refused: the agency has no live matter of the client"
)

var wishesRefused = telemetry.Counter("koppi.wishes.refused", "{wish}", "Wishes that an agency without a live matter of the client tried to record.")

// Vouch returns a voucher for the other services that the caller's agency may record a directive;
// empty if this service does not know so. The caller learns nothing from it: only the gateway calls
// it, and passes the voucher to services.
func (k internalAPI[S]) Vouch(ctx context.Context, r *caseworkv1.VouchRequest) (*caseworkv1.VouchResponse, error) {
	who, err := Caller(ctx)
	if err != nil {
		return nil, err
	}
	one := wishOf(r.GetRecord())
	client, err := k.wishClient(who, one)
	if err != nil {
		return nil, err
	}
	digest, err := k.requestDigest(strings.TrimPrefix(caseworkv1.MatterService_RecordWish_FullMethodName, "/"), one)
	if err != nil {
		return nil, err
	}
	known, err := k.speaksFor(ctx, who, client, one, digest)
	if err != nil || !known {
		return &caseworkv1.VouchResponse{}, err
	}
	payload, err := proto.Marshal(&caseworkv1.Voucher{Wish: k.wishDigest(client, one), Until: timestamppb.New(k.Now().Add(voucherTime))})
	if err != nil {
		return nil, err
	}
	return &caseworkv1.VouchResponse{Voucher: k.Secrets.Token(voucherKind, who.Agency, payload)}, nil
}

// wishDigest identifies one directive of one client, for which a voucher is valid.
func (k *Kernel[S]) wishDigest(client string, r wishRequest) []byte {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(r)
	if err != nil {
		return nil
	}
	return k.Secrets.Digest([]byte(client), []byte(r.ProtoReflect().Descriptor().FullName()), body)
}

// isVouchedFor tells whether the request carries another service's valid voucher for this agency
// and directive; a voucher is valid for voucherTime.
func (k *Kernel[S]) isVouchedFor(ctx context.Context, agency, client string, r wishRequest) bool {
	for _, shown := range metadata.ValueFromIncomingContext(ctx, MetadataVoucher) {
		payload, ok := k.Secrets.OpenToken(voucherKind, agency, shown)
		voucher := &caseworkv1.Voucher{}
		if !ok || proto.Unmarshal(payload, voucher) != nil || !k.Now().Before(voucher.GetUntil().AsTime()) {
			continue
		}
		if wanted := k.wishDigest(client, r); wanted != nil && subtle.ConstantTimeCompare(voucher.GetWish(), wanted) == 1 {
			return true
		}
	}
	return false
}

// speaksFor tells whether this service knows that an agency may record a directive. This holds if
// the agency has a live matter of the client here, or if the same directive was recorded here
// before: it may have ended that matter, and is now being completed in other services.
func (k *Kernel[S]) speaksFor(ctx context.Context, who identity.Caller, client string, r wishRequest, digest []byte) (bool, error) {
	repeated, err := k.wishes.Repeats(ctx, command.Command[consent.Directives]{Agency: who.Agency, Client: who.Client, RequestID: r.GetRequestId(), Digest: digest})
	if err != nil || repeated {
		return repeated, err
	}
	return k.hasLiveMatter(ctx, who.Agency, client)
}

// hasLiveMatter tells whether an agency has an ongoing matter of a client here that involves
// another agency, judged by what was disclosed to the agency itself. A matter that the agency only
// began itself does not count: everyone who knows an identity code can begin one.
func (k *Kernel[S]) hasLiveMatter(ctx context.Context, agency, client string) (bool, error) {
	standings, err := k.Store.WorklistEntries(ctx, journal.Query{Agency: agency, Client: client, OpenOnly: true, Limit: maxMatters})
	if err != nil {
		return false, fault.Store(err)
	}
	for _, subject := range Subjects(standings) {
		history, err := k.history(ctx, subject)
		if err != nil {
			return false, err
		}
		view := history.Views[agency]
		head := view.State.Common()
		live := history.Related(agency) && !view.Reader.IsSilenced() && head.Exists() && !head.IsRevoked() && !head.Ended()
		if live && k.config.Rules.Shared(view.State, agency) {
			return true, nil
		}
	}
	return false, nil
}

// checkSpeaker refuses a directive that an agency records in the name of a client if the agency has
// no live matter of the client in any service. The refusal is the same whether or not the client is
// known here, and is recorded for the client before the caller receives it. An override is not a
// directive of the client's: it needs a stopped sending instead.
func (k *Kernel[S]) checkSpeaker(ctx context.Context, who identity.Caller, client string, r wishRequest, access journal.Access, digest []byte) error {
	switch one := r.(type) {
	case *consentv1.RequestOverrideRequest, *consentv1.DecideOverrideRequest:
		return nil
	case *consentv1.DecideWishRequest:
		if !one.GetConfirm() {
			// Refusing a waiting directive or taking it back affects nobody.
			return nil
		}
	}
	if who.Role == identity.RoleClient || k.isVouchedFor(ctx, who.Agency, client, r) {
		return nil
	}
	known, err := k.speaksFor(ctx, who, client, r, digest)
	if err != nil || known {
		return err
	}
	// The client can read the attempt and that it was refused.
	access.Client, access.Purpose, access.Method = client, refusedPurpose, strings.TrimPrefix(caseworkv1.MatterService_Vouch_FullMethodName, "/")
	if _, err := k.Store.Append(ctx, journal.Batch{Accesses: []journal.Access{access}}); err != nil {
		return fault.Store(err)
	}
	wishesRefused.Add(ctx, 1)
	k.Logger.WarnContext(ctx, "a wish was refused: the agency has no live matter of the client", slog.String("service", k.config.Rules.Service),
		slog.String("agency", who.Agency), slog.String("worker", who.Worker))
	return fault.New(fault.NoLiveMatter, "your agency has no matter of this client under way with another agency")
}
