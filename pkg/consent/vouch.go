package consent

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/telemetry"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

const (
	voucherKind = identity.Kind("voucher")
	voucherTime = time.Minute
	// maxMatters is how many matters of a client are searched for a live one.
	maxMatters = 1000
	// refusedPurpose is the purpose in the access record of a refused directive.
	refusedPurpose = "refused: the agency has no live matter of the client"
)

var directivesRefused = telemetry.Counter("koppi.wishes.refused", "{wish}", "Consent directives refused because the agency has no live matter of the client.")

// Vouching decides whether an agency may record a directive in the name of a client. S is the state
// of the service's matters.
type Vouching[S matter.State] struct {
	Service   string
	Book      *Book
	Matters   *reading.Matters[S]
	Clients   *Names
	Clock     clock.Clock
	AccessLog *accesslog.Recorder
	Logger    *slog.Logger
}

// Vouch returns a voucher for the other services that the caller's agency may record a directive;
// empty if this service does not know so. The caller learns nothing from it: only the gateway calls
// it, and passes the voucher to services.
func (v *Vouching[S]) Vouch(ctx context.Context, r *caseworkv1.VouchRequest) (*caseworkv1.VouchResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	one := requestOf(r.GetRecord())
	client, err := v.Clients.named(who, one)
	if err != nil {
		return nil, err
	}
	digest, err := v.AccessLog.Digest(strings.TrimPrefix(caseworkv1.MatterService_RecordWish_FullMethodName, "/"), one)
	if err != nil {
		return nil, err
	}
	known, err := v.speaksFor(ctx, who, client, one, digest)
	if err != nil || !known {
		return &caseworkv1.VouchResponse{}, err
	}
	payload, err := proto.Marshal(&caseworkv1.Voucher{Wish: v.digest(client, one), Until: timestamppb.New(v.Clock.Now().Add(voucherTime))})
	if err != nil {
		return nil, err
	}
	return &caseworkv1.VouchResponse{Voucher: v.Book.Secrets.Token(voucherKind, who.Agency, payload)}, nil
}

// digest identifies one directive of one client, for which a voucher is valid.
func (v *Vouching[S]) digest(client string, r request) []byte {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(r)
	if err != nil {
		return nil
	}
	return v.Book.Secrets.Digest([]byte(client), []byte(r.ProtoReflect().Descriptor().FullName()), body)
}

// isVouchedFor tells whether the request carries another service's valid voucher for this agency
// and directive; a voucher is valid for voucherTime.
func (v *Vouching[S]) isVouchedFor(ctx context.Context, agency, client string, r request) bool {
	for _, shown := range metadata.ValueFromIncomingContext(ctx, caller.MetadataVoucher) {
		payload, ok := v.Book.Secrets.OpenToken(voucherKind, agency, shown)
		voucher := &caseworkv1.Voucher{}
		if !ok || proto.Unmarshal(payload, voucher) != nil || !v.Clock.Now().Before(voucher.GetUntil().AsTime()) {
			continue
		}
		if wanted := v.digest(client, r); wanted != nil && subtle.ConstantTimeCompare(voucher.GetWish(), wanted) == 1 {
			return true
		}
	}
	return false
}

// speaksFor tells whether this service knows that an agency may record a directive. This holds if
// the agency has a live matter of the client here, or if the same directive was recorded here
// before: it may have ended that matter, and is now being completed in other services.
func (v *Vouching[S]) speaksFor(ctx context.Context, who identity.Caller, client string, r request, digest []byte) (bool, error) {
	repeated, err := v.Book.Engine.Repeats(ctx, command.Target{Agency: who.Agency, Client: who.Client, RequestID: r.GetRequestId(), Digest: digest})
	if err != nil || repeated {
		return repeated, err
	}
	return v.hasLiveMatter(ctx, v.Matters.Scopes.Of(who), client)
}

// hasLiveMatter tells whether there is an ongoing matter of a client here in a scope that involves
// another agency, judged by what was disclosed to the scope's agency. A matter that the agency only
// began itself does not count: everyone who knows an identity code can begin one.
func (v *Vouching[S]) hasLiveMatter(ctx context.Context, scope matter.Scope, client string) (bool, error) {
	entries, err := v.Book.Store.WorklistEntries(ctx, journal.Query{Agency: scope.Agency, Client: client, OpenOnly: true, Limit: maxMatters, Readable: caller.Readable(scope)})
	if err != nil {
		return false, fault.Store(err)
	}
	for _, subject := range reading.Subjects(entries) {
		history, err := v.Matters.Engine.History(ctx, subject)
		if err != nil {
			return false, err
		}
		view := history.Views[scope.Agency]
		head := view.State.Common()
		live := v.Matters.Engine.Rules.Permission(scope, history) == matter.PermissionFull && !view.Reader.IsSilenced() && head.Exists() && !head.IsRevoked() && !head.Ended()
		if live && v.Matters.Engine.Rules.Shared(view.State, scope.Agency) {
			return true, nil
		}
	}
	return false, nil
}

// check refuses a directive that an agency records in the name of a client if the agency has
// no live matter of the client in any service. The refusal is the same whether or not the client is
// known here, and is recorded for the client before the caller receives it. An override is not a
// directive of the client's: it needs a stopped sending instead.
func (v *Vouching[S]) check(ctx context.Context, who identity.Caller, client string, r request, access journal.Access, digest []byte) error {
	switch one := r.(type) {
	case *consentv1.RequestOverrideRequest, *consentv1.DecideOverrideRequest:
		return nil
	case *consentv1.DecideWishRequest:
		if !one.GetConfirm() {
			// Refusing a waiting directive or taking it back affects nobody.
			return nil
		}
	}
	if who.Role == identity.RoleClient || v.isVouchedFor(ctx, who.Agency, client, r) {
		return nil
	}
	known, err := v.speaksFor(ctx, who, client, r, digest)
	if err != nil || known {
		return err
	}
	// The client can read the attempt and that it was refused.
	access.Client, access.Purpose, access.Method = client, refusedPurpose, strings.TrimPrefix(caseworkv1.MatterService_Vouch_FullMethodName, "/")
	if _, err := v.Book.Store.Append(ctx, journal.Batch{Accesses: []journal.Access{access}}); err != nil {
		return fault.Store(err)
	}
	directivesRefused.Add(ctx, 1)
	v.Logger.WarnContext(ctx, "a consent directive was refused: the agency has no live matter of the client", slog.String("service", v.Service),
		slog.String("agency", who.Agency), slog.String("worker", who.Worker))
	return fault.New(fault.NoLiveMatter, "your agency has no live matter of this client with another agency")
}
