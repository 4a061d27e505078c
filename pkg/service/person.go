package service

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Person is the client of a matter that starts.
type Person struct {
	// Inner is the internal id of the client.
	Inner string
	// Identity is the client's identity, to be sealed.
	Identity []byte
	Home     matter.Home
}

// Person replaces the client's identity by the internal id, before any rule sees it.
func (k *Kernel[S]) Person(ctx context.Context, who identity.Caller, client *commonv1.Client) (Person, error) {
	switch named := client.GetIdentity().(type) {
	case *commonv1.Client_PersonalIdentityCode:
		code, err := idcode.Parse(named.PersonalIdentityCode, k.AllowTestCodes, k.Now())
		if err != nil {
			return Person{}, err
		}
		kept := proto.CloneOf(client)
		kept.Identity = &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: code.String()}
		return sealed(k.Secrets.ClientID(code), kept)
	case *commonv1.Client_ClientId:
		return k.knownPerson(ctx, who, client)
	default:
		return sealed(k.Secrets.RandomClientID(), client)
	}
}

// knownPerson finds a client by the pseudonym that the caller's agency has. The identity comes from
// a matter in which the agency may read it now, here or in another service, with the additions in
// the request. A non-disclosure stays in force, whatever the request says.
func (k *Kernel[S]) knownPerson(ctx context.Context, who identity.Caller, client *commonv1.Client) (Person, error) {
	if !IsParty(who) {
		return Person{}, fault.New(fault.RoleNotAllowed, "a client is named so by an agency's worker or system")
	}
	inner, ok := k.Secrets.InternalID(identity.KindClient, who.Agency, client.GetClientId())
	if !ok {
		return Person{}, unknownClient("client.client_id")
	}
	found, err := k.knownTo(ctx, who.Agency, inner)
	if err != nil {
		return Person{}, err
	}
	kept := found.client
	if kept == nil {
		kept = k.resolvedElsewhere(ctx, who.Agency, inner)
	}
	if kept == nil {
		return Person{}, unknownClient("client.client_id")
	}
	if client.GetLanguage() != "" {
		kept.Language = client.GetLanguage()
	}
	if client.GetDetails() != nil {
		hidden := kept.GetDetails().GetNonDisclosure()
		kept.Details = proto.CloneOf(client.GetDetails())
		kept.Details.NonDisclosure = kept.Details.NonDisclosure || hidden
	}
	return sealed(inner, kept)
}

func unknownClient(field string) error {
	return fault.New(fault.UnknownClient, "your agency has no matter of this client").Field(field, "unknown to your agency")
}

func sealed(inner string, client *commonv1.Client) (Person, error) {
	bytes, err := proto.Marshal(client)
	if err != nil {
		return Person{}, fmt.Errorf("service: marshal client: %w", err)
	}
	return Person{Inner: inner, Identity: bytes, Home: homeOf(client)}, nil
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

// caseOf finds the case to which a matter belongs, in whichever service the case began. It must be
// the client's, and one whose pseudonym the agency was given. If the request names none, a new case
// begins. An anonymous matter never joins a client's case, because there it would not be anonymous.
func (k *Kernel[S]) caseOf(ctx context.Context, who identity.Caller, outward, client string) (string, error) {
	if outward == "" {
		return k.Secrets.NewCase(client), nil
	}
	unknown := fault.New(fault.InvalidField, "your agency has no such case of this client").Field("case_id", "unknown to your agency")
	inner, ok := k.Secrets.InternalID(identity.KindCase, who.Agency, outward)
	if !ok {
		return "", unknown
	}
	if k.Secrets.IsCaseOf(inner, client) {
		return inner, nil
	}
	if client == "" {
		return "", unknown
	}
	// The id of an older case does not contain its client.
	standings, err := k.Store.WorklistEntries(ctx, journal.Query{
		Agency: who.Agency, Case: inner, Client: client, WithHidden: true, Limit: 1,
	})
	if err != nil {
		return "", fault.Store(err)
	}
	if len(standings) == 0 {
		return "", unknown
	}
	return inner, nil
}
