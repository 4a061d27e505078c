// Package caller says who calls, as handlers need it: the caller's identity, the refusals that
// depend on it, and which of a client's matters a caller may ask for.
package caller

import (
	"context"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

const (
	// MetadataIntroduction is the metadata key under which a service receives another service's
	// data on a client. The gateway sets it, and drops any that comes from outside.
	MetadataIntroduction = "koppi-introduction"
	// MetadataVoucher is the metadata key under which a service receives the proof that another
	// service knows a live matter of the client. The gateway sets it, and drops any that comes from
	// outside.
	MetadataVoucher = "koppi-voucher"
)

// Of returns the identity of the caller. It fails with TOKEN_REQUIRED where there is none.
func Of(ctx context.Context) (identity.Caller, error) {
	who, ok := identity.FromContext(ctx)
	if !ok {
		return who, fault.New(fault.TokenRequired, "the token is missing")
	}
	return who, nil
}

// Actor returns the caller as the rules know it: a team leader by the profession, if there is one.
func Actor(who identity.Caller) matter.Actor {
	return matter.Actor{
		Agency: who.Agency, Unit: who.Unit, Worker: who.Worker, Role: string(who.Acts()),
		Automatic: who.Role == identity.RoleSystem,
	}
}

// IsParty tells whether a caller can be party to a matter: only workers and systems have agencies,
// and so relations to matters.
func IsParty(who identity.Caller) bool {
	return who.Agency != "" && (who.Role.IsWorker() || who.Role == identity.RoleSystem)
}

// IsPerson tells whether a caller is a worker of an agency, or a system on behalf of one.
func IsPerson(who identity.Caller) bool {
	return who.Agency != "" && who.Role.IsWorker() && who.Worker != ""
}

// NotFound is the refusal for a caller without a relation to a matter, the same as for one that
// does not exist.
func NotFound() error { return fault.New(fault.NotFound, "there is no such matter that you can see") }

// UnknownClient is the refusal for a client of whom the caller's agency has no matter. Field is the
// field that names the client.
func UnknownClient(field string) error {
	return fault.New(fault.UnknownClient, "your agency has no matter of this client").Field(field, "not known to your agency")
}

// PageOwner returns the owner of a list, to whom its page tokens belong: an agency, or a person.
func PageOwner(who identity.Caller) string {
	if who.Role == identity.RoleClient {
		return "client/" + who.Client
	}
	return who.Agency
}

// ClientNames stands for the agency in the client's own pseudonyms: no agency's key is empty.
const ClientNames = ""

// ClientQuery returns the query for a client's matters: all of them if the caller is the client,
// else those that the caller may read. It fails with INVALID_FIELD, ROLE_NOT_ALLOWED or
// UNKNOWN_CLIENT.
func (s Scopes) ClientQuery(secrets *identity.Secrets, who identity.Caller, client, purpose string) (journal.Query, error) {
	query := s.Query(who, journal.Query{Agency: who.Agency, WithHidden: true})
	switch {
	case who.Role == identity.RoleClient && client != "":
		return query, fault.New(fault.InvalidField, "a person lists only their own matters and names no client").Field("client_id", "leave empty")
	case who.Role == identity.RoleClient:
		// Each matter has one sender, and so one worklist entry here.
		return journal.Query{Client: who.Client, Role: journal.RoleSender, WithHidden: true}, nil
	case !IsParty(who):
		return query, fault.New(fault.RoleNotAllowed, "only an agency's worker or system, or the person, can read this")
	case client == "":
		return query, fault.New(fault.InvalidField, "the client is missing").Field("client_id", "required")
	case purpose == "":
		return query, fault.New(fault.InvalidField, "a search by client requires a purpose").Field("purpose", "required with client_id")
	}
	var ok bool
	if query.Client, ok = s.InternalID(secrets, who, identity.KindClient, client); !ok {
		return query, UnknownClient("client_id")
	}
	return query, nil
}
