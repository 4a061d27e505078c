package client

import (
	"context"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// FindKnownClient returns the caller's id of the client with an identity code, if the caller may
// read the client's identity in a matter of this service. It records the search first, if asked to.
// A code that only others know gets the same empty answer as one that nobody knows.
func (c *Clients[S]) FindKnownClient(ctx context.Context, r *caseworkv1.FindKnownClientRequest) (*caseworkv1.FindKnownClientResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if !caller.IsPerson(who) {
		return nil, fault.New(fault.RoleNotAllowed, "only a worker, or a system on behalf of one, can look for a client by identity code")
	}
	code, err := idcode.Parse(r.GetAsked().GetPersonalIdentityCode(), c.Persons, c.Clock.Now())
	if err != nil {
		return nil, err
	}
	internal := c.Secrets.ClientID(code)
	if r.GetRecord() {
		if err := c.AccessLog.Read(ctx, who, r.GetAsked().GetPurpose(), accesslog.Reading{Client: internal}); err != nil {
			return nil, err
		}
	}
	found, err := c.knownTo(ctx, c.Matters.Scopes.Of(who), internal)
	if err != nil || found.client == nil {
		return &caseworkv1.FindKnownClientResponse{}, err
	}
	return &caseworkv1.FindKnownClientResponse{ClientId: c.Matters.Engine.Pseudonyms.ClientName(who.Agency, internal)}, nil
}
