package service

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// wishCollection is the prefix of the subjects of consent directives: one subject for each client,
// in the journal of every service. They appear in no mailbox or statistics. Only overrides and
// waiting directives appear in worklists: in those of the officers who may decide them.
const wishCollection = "wishes/"

// wishRules returns the engine's rules for directives: they are disclosed to no mailbox, and
// overrides wait in the worklists of the officers who may decide them.
func wishRules(service string) command.Rules[consent.Directives] {
	return command.Rules[consent.Directives]{
		Service: service, Class: journal.ClassWish, Evolve: consent.Evolve, NextCheck: consent.NextCheck,
		Readers:  func(consent.Directives, bool) []matter.Reader { return nil },
		Counters: func(consent.Directives, consent.Directives, matter.Event) matter.Counters { return matter.Counters{} },
		Number:   func(consent.Directives) int32 { return 0 },
		Waits:    func(w consent.Directives) []journal.WorklistEntry { return append(overridesWait(w), toPassOn(w)...) },
	}
}

// kept is a client's directives, as they were read.
type kept struct {
	subject string
	history matter.History[consent.Directives]
	// seen are the versions that must be unchanged when a decision on them is recorded.
	seen map[string]uint64
}

func (k kept) world() matter.World[consent.Directives] {
	world := matter.World[consent.Directives]{Subjects: map[string]matter.History[consent.Directives]{}}
	if k.history.Version > 0 {
		world.Subjects[k.subject] = k.history
	}
	return world
}

// wishesOf reads a client's directives, by the client's internal id. An erased subject stays
// erased: the client's next subject is used instead.
func (k *Kernel[S]) wishesOf(ctx context.Context, client string) (kept, error) {
	for generation := byte(0); ; generation++ {
		found := kept{subject: k.wishSubject(client, generation)}
		var erased bool
		var err error
		if found.history, erased, err = k.wishHistory(ctx, found.subject); err != nil {
			return kept{}, err
		}
		if erased {
			continue
		}
		found.seen = map[string]uint64{found.subject: found.history.Version}
		if found.history.Version > 0 {
			// If the subject is erased now, a new one would begin there, so it must still not
			// exist.
			found.seen[k.wishSubject(client, generation+1)] = 0
		}
		return found, nil
	}
}

// wishHistory returns the history of a subject of directives; empty if it was erased.
func (k *Kernel[S]) wishHistory(ctx context.Context, subject string) (history matter.History[consent.Directives], erased bool, err error) {
	histories, err := k.Store.Load(ctx, subject)
	if err != nil {
		return history, false, fault.Store(err)
	}
	if rows := histories[0]; len(rows) > 0 && rows[0].Erased {
		return history, true, nil
	}
	events, err := k.wishes.Events(ctx, subject)
	return k.wishes.Rules.Fold(events, false), false, err
}

// wishSubject returns the subject of a client's directives, which does not reveal the client.
func (k *Kernel[S]) wishSubject(client string, generation byte) string {
	id := uuid.UUID(k.Secrets.Digest([]byte(wishCollection), []byte(client), []byte{generation})[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version 8, of RFC 9562
	return wishCollection + id.String()
}

// wishOf returns the request inside a RecordWish request.
func wishOf(r *caseworkv1.RecordWishRequest) wishRequest {
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

// wishRequest is what the requests on all directives have in common.
type wishRequest interface {
	Request
	GetClient() *commonv1.Client
}

// RecordWish records a client's directive, and carries out its consequences for the matters of this
// service. A repeated request continues where the first one was interrupted.
func (k internalAPI[S]) RecordWish(ctx context.Context, record *caseworkv1.RecordWishRequest) (*caseworkv1.RecordWishResponse, error) {
	r := wishOf(record)
	who, err := Caller(ctx)
	if err != nil {
		return nil, err
	}
	client, err := k.wishClient(who, r)
	if err != nil {
		return nil, err
	}
	if err := k.checkWish(who, r); err != nil {
		return nil, err
	}
	access, digest, err := k.AccessOf(ctx, who, r)
	if err != nil {
		return nil, err
	}
	if err := k.checkSpeaker(ctx, who, client, r, access, digest); err != nil {
		return nil, err
	}
	before, err := k.wishesOf(ctx, client)
	if err != nil {
		return nil, err
	}
	// The consequences of earlier directives come first, so that nothing is lifted before it was
	// fully carried out.
	if err := k.carryOut(ctx, before.subject); err != nil {
		return nil, err
	}
	asked := consent.Command{
		By: Actor(who).Party(), Automatic: who.System, ID: uuid.NewSHA1(uuid.MustParse(r.GetRequestId()), []byte(PageOwner(who))).String(),
		Listed: record.GetListed(), Request: r,
	}
	_, err = k.wishes.Handle(ctx, command.Command[consent.Directives]{
		Agency: who.Agency, Client: who.Client, Subject: before.subject, Open: true, RequestID: r.GetRequestId(), Digest: digest, Access: access,
		Decide: func(world matter.World[consent.Directives], at time.Time) ([]matter.Event, error) {
			asked.At = at
			decided, err := consent.Decide(world.State(before.subject), asked)
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
	if err := k.carryOut(ctx, before.subject); err != nil {
		return nil, err
	}
	all, err := k.readWishes(ctx, who, client)
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.RecordWishResponse{Wishes: consent.Of(all, asked.ID)}
	if len(response.GetWishes().GetWaiting()) == 0 {
		response.Wishes = consent.Of(all, cmp.Or(namedBy(r), asked.ID))
	}
	response.Withdrawals, err = k.withdrawalsOf(ctx, client)
	return response, err
}

// namedBy returns the id of the directive that a request names; empty if it creates one.
func namedBy(r wishRequest) string {
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

// wishClient returns the internal id of the client whose directive it is: the caller itself, or the
// client whom an agency names, whether or not the agency has a matter of this client here.
func (k *Kernel[S]) wishClient(who identity.Caller, r wishRequest) (string, error) {
	switch {
	case who.Role == identity.RoleClient && r.GetClient() != nil:
		return "", fault.New(fault.InvalidField, "a person's own wishes name no client").Field("client", "leave empty")
	case who.Role == identity.RoleClient:
		return who.Client, nil
	case !IsParty(who):
		return "", fault.New(fault.RoleNotAllowed, "a wish is the client's, or is recorded by an agency that the client told")
	}
	switch named := r.GetClient().GetIdentity().(type) {
	case *commonv1.Client_PersonalIdentityCode:
		code, err := idcode.Parse(named.PersonalIdentityCode, k.AllowTestCodes, k.Now())
		if err != nil {
			return "", err
		}
		return k.Secrets.ClientID(code), nil
	case *commonv1.Client_ClientId:
		if inner, ok := k.Secrets.InternalID(identity.KindClient, who.Agency, named.ClientId); ok {
			return inner, nil
		}
		return "", fault.New(fault.UnknownClient, "your agency has no matter of this client").Field("client.client_id", "unknown to your agency")
	}
	return "", fault.New(fault.InvalidField, "say whose").Field("client", "by identity code or client_id")
}

// checkWish refuses requests that are wrong regardless of earlier directives.
func (k *Kernel[S]) checkWish(who identity.Caller, r wishRequest) error {
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
		if _, known := k.Directory.Agency(agency); agency != "" && !known {
			return fault.New(fault.UnknownParty, "there is no such agency").Field(field, "not in the directory")
		}
	}
	named, ok := r.(interface{ GetService() string })
	switch {
	case !ok:
		return nil
	case named.GetService() != k.config.Rules.Service:
		return fault.New(fault.InvalidField, "this is another service").Field("service", k.config.Rules.Service)
	case !who.Role.IsWorker():
		return fault.New(fault.RoleNotAllowed, "an override is asked for and decided by named workers")
	}
	return nil
}

// ReadWishes reads this service's part of a client's directives.
func (k internalAPI[S]) ReadWishes(ctx context.Context, read *caseworkv1.ReadWishesRequest) (*caseworkv1.ReadWishesResponse, error) {
	r := read.GetWishes()
	who, err := Caller(ctx)
	if err != nil {
		return nil, err
	}
	query, err := k.clientQuery(who, r.GetClientId(), r.GetPurpose())
	if err != nil {
		return nil, err
	}
	wishes, err := k.readWishes(ctx, who, query.Client)
	if err != nil {
		return nil, err
	}
	wishes = matter.Fit(wishes, matter.MaxAnswer, "consents", "prohibitions", "blocked", "overrides")
	return &caseworkv1.ReadWishesResponse{Wishes: wishes}, k.RecordReading(ctx, who, cmp.Or(r.GetPurpose(), "wishes"), Reading{Client: query.Client})
}

// readWishes returns a client's directives, as a caller may know them.
func (k *Kernel[S]) readWishes(ctx context.Context, who identity.Caller, client string) (*consentv1.Wishes, error) {
	found, err := k.wishesOf(ctx, client)
	if err != nil {
		return nil, err
	}
	reader := consent.Reader{Agency: who.Agency, ClientName: k.Engine.Pseudonyms.ClientName(who.Agency, client), Party: func(string) bool { return true }}
	if who.Role == identity.RoleClient {
		reader.Agency, reader.ClientName = "", k.Engine.Pseudonyms.ClientName(clientNames, client)
		return found.history.State.For(reader), nil
	}
	reader.Party = func(subject string) bool {
		history, failed := k.history(ctx, subject)
		if failed != nil {
			err = failed
		}
		return history.Related(who.Agency)
	}
	wishes := found.history.State.For(reader)
	return wishes, err
}
