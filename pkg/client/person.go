package client

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Clients resolves the clients of one service's matters. S is the state of a matter.
type Clients[S matter.State] struct {
	Matters   *reading.Matters[S]
	Store     journal.Store
	Secrets   *identity.Secrets
	Clock     clock.Clock
	AccessLog *accesslog.Recorder
	// Responsible returns the agency that may read contact data under a non-disclosure.
	Responsible func(S) string
	// Persons are those whose personal identity codes are accepted.
	Persons idcode.Persons
}

// Person is the client of a matter that starts.
type Person struct {
	// InternalID is the internal id of the client.
	InternalID string
	// Identity is the client's identity, to be sealed.
	Identity []byte
	Home     matter.Home
}

// Person replaces the client's identity by the internal id, before any rule sees it.
func (c *Clients[S]) Person(ctx context.Context, who identity.Caller, client *commonv1.Client) (Person, error) {
	switch named := client.GetIdentity().(type) {
	case *commonv1.Client_PersonalIdentityCode:
		code, err := idcode.Parse(named.PersonalIdentityCode, c.Persons, c.Clock.Now())
		if err != nil {
			return Person{}, err
		}
		kept := proto.CloneOf(client)
		kept.Identity = &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: code.String()}
		return sealed(c.Secrets.ClientID(code), kept)
	case *commonv1.Client_ClientId:
		return c.knownPerson(ctx, who, client)
	default:
		return sealed(c.Secrets.RandomClientID(), client)
	}
}

// knownPerson finds a client by the pseudonym that the caller's agency has. The identity comes from
// a matter in which the agency may read it now, here or in another service, with the additions in
// the request. A non-disclosure stays in force, whatever the request says.
func (c *Clients[S]) knownPerson(ctx context.Context, who identity.Caller, client *commonv1.Client) (Person, error) {
	if !caller.IsParty(who) {
		return Person{}, fault.New(fault.RoleNotAllowed, "only an agency's worker or system can name a client by client_id")
	}
	internal, ok := c.Matters.Scopes.InternalID(c.Secrets, who, identity.KindClient, client.GetClientId())
	if !ok {
		return Person{}, caller.UnknownClient("client.client_id")
	}
	found, err := c.knownTo(ctx, c.Matters.Scopes.Of(who), internal)
	if err != nil {
		return Person{}, err
	}
	kept := found.client
	if kept == nil {
		kept = c.resolvedElsewhere(ctx, who.Agency, internal)
	}
	if kept == nil {
		return Person{}, caller.UnknownClient("client.client_id")
	}
	if client.GetLanguage() != "" {
		kept.Language = client.GetLanguage()
	}
	if client.GetInterpreter() != "" {
		kept.Interpreter = client.GetInterpreter()
	}
	if client.GetDetails() != nil {
		hidden := kept.GetDetails().GetNonDisclosure()
		kept.Details = proto.CloneOf(client.GetDetails())
		kept.Details.NonDisclosure = kept.Details.NonDisclosure || hidden
	}
	return sealed(internal, kept)
}

func sealed(internal string, client *commonv1.Client) (Person, error) {
	bytes, err := proto.Marshal(client)
	if err != nil {
		return Person{}, fmt.Errorf("client: marshal client: %w", err)
	}
	return Person{InternalID: internal, Identity: bytes, Home: homeOf(client)}, nil
}

// bornOf returns the client's date of birth, from the identity code or else as given; zero if
// neither has it.
func bornOf(client *commonv1.Client) time.Time {
	if born, known := idcode.Born(client.GetPersonalIdentityCode()); known {
		return born
	}
	born, err := time.Parse(time.DateOnly, client.GetDetails().GetBirthDate())
	if err != nil {
		return time.Time{}
	}
	return born
}

func homeOf(client *commonv1.Client) matter.Home {
	return matter.Home{
		Born:         bornOf(client),
		Municipality: client.GetDetails().GetMunicipality(), Language: client.GetLanguage(), NonDisclosure: client.GetDetails().GetNonDisclosure(),
	}
}

// mayName tells whether a caller may name a case: one of which it may read a matter, here or in another
// service, if it reads by unit, and else one whose pseudonym its agency was given.
func (c *Clients[S]) mayName(ctx context.Context, who identity.Caller, internal string) (bool, error) {
	if c.Matters.Scopes.Of(who).Whole {
		return true, nil
	}
	for _, introduction := range c.introductions(ctx, who.Agency) {
		if introduction.GetCase() == internal {
			return true, nil
		}
	}
	return c.readsCase(ctx, who, internal)
}

// CaseOf finds the case to which a matter belongs, in whichever service the case began. It must be
// the client's, and one whose pseudonym the agency was given. If the request names none, a new case
// begins. An anonymous matter never joins a client's case, because there it would not be anonymous.
func (c *Clients[S]) CaseOf(ctx context.Context, who identity.Caller, pseudonym, client string) (string, error) {
	if pseudonym == "" {
		return c.Secrets.NewCase(client), nil
	}
	unknown := fault.New(fault.InvalidField, "your agency has no such case of this client").Field("case_id", "not known to your agency")
	internal, ok := c.Matters.Scopes.InternalID(c.Secrets, who, identity.KindCase, pseudonym)
	if !ok {
		return "", unknown
	}
	switch may, err := c.mayName(ctx, who, internal); {
	case err != nil:
		return "", err
	case !may:
		return "", unknown
	}
	if c.Secrets.IsCaseOf(internal, client) {
		return internal, nil
	}
	if client == "" {
		return "", unknown
	}
	// The id of an older case does not contain its client.
	entries, err := c.Store.WorklistEntries(ctx, journal.Query{
		Agency: who.Agency, Case: internal, Client: client, WithHidden: true, Limit: 1,
	})
	if err != nil {
		return "", fault.Store(err)
	}
	if len(entries) == 0 {
		return "", unknown
	}
	return internal, nil
}
