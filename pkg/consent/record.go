package consent

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// requestOf returns the request inside a RecordWish request.
func requestOf(r *caseworkv1.RecordWishRequest) request {
	switch r := r.GetWish().(type) {
	case *caseworkv1.RecordWishRequest_GiveConsent:
		return r.GiveConsent
	case *caseworkv1.RecordWishRequest_WithdrawConsent:
		return r.WithdrawConsent
	case *caseworkv1.RecordWishRequest_Prohibit:
		return r.Prohibit
	case *caseworkv1.RecordWishRequest_Lift:
		return r.Lift
	case *caseworkv1.RecordWishRequest_RequestOverride:
		return r.RequestOverride
	case *caseworkv1.RecordWishRequest_DecideOverride:
		return r.DecideOverride
	case *caseworkv1.RecordWishRequest_DecideWish:
		return r.DecideWish
	}
	return nil
}

// write is what the requests of all writes have in common.
type write interface {
	proto.Message
	GetRequestId() string
}

// request is what the requests on all directives have in common.
type request interface {
	write
	GetClient() *commonv1.Client
}

// Recording records and reads the directives of clients. S is the state of the service's matters.
type Recording[S matter.State] struct {
	Service      string
	Book         *Book
	Matters      *reading.Matters[S]
	Withdrawals  *Withdrawals[S]
	Consequences *Consequences[S]
	Vouching     *Vouching[S]
	Clients      *Names
	Directory    *directory.Directory
	Grounds      *ground.Grounds
	AccessLog    *accesslog.Recorder
}

// RecordWish records a client's directive, and carries out its consequences for the matters of this
// service. A repeated request continues where the first one was interrupted.
func (d *Recording[S]) RecordWish(ctx context.Context, record *caseworkv1.RecordWishRequest) (*caseworkv1.RecordWishResponse, error) {
	r := requestOf(record)
	if override, ok := r.(*consentv1.RequestOverrideRequest); ok {
		if err := ground.CheckOverrideForm(override); err != nil {
			return nil, err
		}
	}
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	client, err := d.Clients.named(who, r)
	if err != nil {
		return nil, err
	}
	if err := d.check(who, r); err != nil {
		return nil, err
	}
	access, digest, err := d.AccessLog.Write(ctx, who, r)
	if err != nil {
		return nil, err
	}
	if err := d.Vouching.check(ctx, who, client, r, access, digest); err != nil {
		return nil, err
	}
	before, err := d.Book.of(ctx, client)
	if err != nil {
		return nil, err
	}
	// The consequences of earlier directives come first, so that nothing is lifted before it was
	// fully carried out.
	if err := d.Consequences.CarryOut(ctx, before.subject); err != nil {
		return nil, err
	}
	known, err := d.mayName(ctx, who, client, r, before.history.State)
	if err != nil {
		return nil, err
	}
	asked := directive.Command{
		By: caller.Actor(who).Party(), Automatic: who.System, ID: uuid.NewSHA1(uuid.MustParse(r.GetRequestId()), []byte(caller.PageOwner(who))).String(),
		Listed: record.GetListed(), Request: r,
	}
	_, err = command.Handle(ctx, d.Book.Engine, command.Command[directive.Directives, command.None]{
		Target: command.Target{
			Agency: who.Agency, Client: who.Client, Subject: before.subject, Open: true, RequestID: r.GetRequestId(), Digest: digest, Access: access,
		},
		Decide: func(world matter.World[directive.Directives], _ command.None, at time.Time) ([]matter.Event, error) {
			asked := asked
			asked.At = at
			if override, ok := r.(*consentv1.RequestOverrideRequest); ok {
				resolved, err := d.Grounds.Table().OverrideOf(override, at)
				if err != nil {
					return nil, err
				}
				asked.Request = resolved
			}
			state := world.State(before.subject)
			if !known {
				state = directive.Directives{}
			}
			decided, err := directive.Decide(state, asked)
			events := make([]matter.Event, 0, len(decided))
			for _, one := range decided {
				events = append(events, matter.Event{Subject: before.subject, Message: one.Message, By: one.By, At: at, Client: client})
			}
			return events, err
		},
	})
	if err != nil {
		return nil, err
	}
	if err := d.Consequences.CarryOut(ctx, before.subject); err != nil {
		return nil, err
	}
	all, err := d.read(ctx, who, client, d.Vouching.isVouchedFor(ctx, who.Agency, client, r))
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.RecordWishResponse{Wishes: directive.Of(all, asked.ID)}
	if len(response.GetWishes().GetWaiting()) == 0 {
		response.Wishes = directive.Of(all, cmp.Or(namedBy(r), asked.ID))
	}
	response.Withdrawals, err = d.Withdrawals.sealedOf(ctx, client)
	return response, err
}

// namedBy returns the id of the directive that a request names; empty if it creates one.
func namedBy(r request) string {
	switch r := r.(type) {
	case *consentv1.WithdrawAdvanceConsentRequest:
		return r.GetConsentId()
	case *consentv1.LiftProhibitionRequest:
		return r.GetProhibitionId()
	case *consentv1.DecideOverrideRequest:
		return r.GetOverrideId()
	case *consentv1.DecideWishRequest:
		return r.GetWishId()
	}
	return ""
}

// check refuses requests that are wrong regardless of earlier directives.
func (d *Recording[S]) check(who identity.Caller, r request) error {
	agencies := map[string]string{}
	switch r := r.(type) {
	case *consentv1.GiveConsentRequest:
		agencies["recipient.agency"], agencies["sender"] = r.GetRecipient().GetAgency(), r.GetSender()
	case *consentv1.ProhibitTransferRequest:
		agencies["recipient.agency"] = r.GetRecipient().GetAgency()
	case *consentv1.RequestOverrideRequest:
		agencies["receiver"] = r.GetReceiver()
	}
	for field, agency := range agencies {
		if _, known := d.Directory.Agency(agency); agency != "" && !known {
			return fault.New(fault.UnknownParty, "the agency does not exist").Field(field, "not in the directory")
		}
	}
	named, ok := r.(interface{ GetService() string })
	switch {
	case !ok:
		return nil
	case named.GetService() != d.Service:
		return fault.New(fault.InvalidField, "this request is for another service").Field("service", "must be "+d.Service)
	case !who.Role.IsWorker():
		return fault.New(fault.RoleNotAllowed, "only a named worker can request or decide an override")
	}
	return nil
}

// ReadWishes reads this service's part of a client's directives.
func (d *Recording[S]) ReadWishes(ctx context.Context, read *caseworkv1.ReadWishesRequest) (*caseworkv1.ReadWishesResponse, error) {
	r := read.GetWishes()
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	query, err := d.Matters.Scopes.ClientQuery(d.Book.Secrets, who, r.GetClientId(), r.GetPurpose())
	if err != nil {
		return nil, err
	}
	directives, err := d.read(ctx, who, query.Client, false)
	if err != nil {
		return nil, err
	}
	directives = matter.Fit(directives, matter.MaxAnswer, "consents", "prohibitions", "blocked", "overrides")
	return &caseworkv1.ReadWishesResponse{Wishes: directives}, d.AccessLog.Read(ctx, who, cmp.Or(r.GetPurpose(), "wishes"), accesslog.Reading{Client: query.Client})
}

// read returns a client's directives, as a caller may know them. Vouched says that another service knows the
// caller to have a live matter of the client.
func (d *Recording[S]) read(ctx context.Context, who identity.Caller, client string, vouched bool) (*consentv1.Wishes, error) {
	found, err := d.Book.of(ctx, client)
	if err != nil {
		return nil, err
	}
	if who.Role == identity.RoleClient {
		return found.history.State.For(directive.Reader{
			ClientName: d.Matters.Engine.Pseudonyms.ClientName(caller.ClientNames, client), Party: func(string) bool { return true },
		}), nil
	}
	if known, err := d.knows(ctx, who, client, found.history.State); err != nil || !known && !vouched {
		return &consentv1.Wishes{}, err
	}
	scope, failed := d.Matters.Scopes.Of(who), error(nil)
	directives := found.history.State.For(directive.Reader{
		Agency: who.Agency, ClientName: d.Matters.Engine.Pseudonyms.ClientName(who.Agency, client),
		Party: func(subject string) bool {
			history, err := d.Matters.Engine.History(ctx, subject)
			failed = cmp.Or(failed, err)
			return d.Matters.Engine.Rules.Permission(scope, history) != matter.PermissionNone
		},
	})
	return directives, failed
}
