package consent

import (
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Names finds the client whom a request on directives names.
type Names struct {
	Secrets *identity.Secrets
	Scopes  caller.Scopes
	Clock   clock.Clock
	// Persons are those whose personal identity codes are accepted.
	Persons idcode.Persons
}

// named returns the internal id of the client whose directive it is: the caller itself, or the
// client whom an agency names, whether or not the agency has a matter of this client here.
func (n *Names) named(who identity.Caller, r request) (string, error) {
	switch {
	case who.Role == identity.RoleClient && r.GetClient() != nil:
		return "", fault.New(fault.InvalidField, "a person records only their own directives and names no client").Field("client", "leave empty")
	case who.Role == identity.RoleClient:
		return who.Client, nil
	case !caller.IsParty(who):
		return "", fault.New(fault.RoleNotAllowed, "only the client, or an agency that the client informed, can record a consent directive")
	}
	switch named := r.GetClient().GetIdentity().(type) {
	case *commonv1.Client_PersonalIdentityCode:
		code, err := idcode.Parse(named.PersonalIdentityCode, n.Persons, n.Clock.Now())
		if err != nil {
			return "", err
		}
		return n.Secrets.ClientID(code), nil
	case *commonv1.Client_ClientId:
		if internal, ok := n.Scopes.InternalID(n.Secrets, who, identity.KindClient, named.ClientId); ok {
			return internal, nil
		}
		return "", caller.UnknownClient("client.client_id")
	}
	return "", fault.New(fault.InvalidField, "the client is missing").Field("client", "required, by identity code or client_id")
}
