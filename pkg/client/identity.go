// Package client resolves the clients of matters: who a request means, what each reader may know of a
// client's identity, and how one service learns it from another.
package client

import (
	"context"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Identity returns the identity of a matter's client, as a caller may know it, and records the
// reading. Contact data under a non-disclosure for safety are shown only to the responsible agency
// and to the person.
func (c *Clients[S]) Identity(ctx context.Context, id string) (*commonv1.Client, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	client, view, err := c.identity(ctx, who, c.Matters.Collection+id)
	if err != nil {
		return nil, err
	}
	if client == nil {
		return nil, fault.New(fault.NotFound, "this matter has no client")
	}
	return client, c.AccessLog.Read(ctx, who, "identity", c.Matters.Reading(who, view.State, view))
}

// Known returns the identity of the client of a matter that the caller reads, with the contact data of nobody
// but the responsible agency under a non-disclosure; nil if it is not known. It does not record a reading.
func (c *Clients[S]) Known(ctx context.Context, who identity.Caller, view matter.View[S]) (*commonv1.Client, error) {
	found, err := c.clientFor(ctx, c.Matters.Scopes.Of(who), view)
	return found.client, err
}

// identity returns the identity of a subject's client, as a caller may know it, and the subject as
// it was disclosed to the caller. The client reads their own identity in full.
func (c *Clients[S]) identity(ctx context.Context, who identity.Caller, subject string) (*commonv1.Client, matter.View[S], error) {
	var none matter.View[S]
	if who.Role == identity.RoleClient {
		views, err := c.Matters.Engine.ReadClient(ctx, who.Client, subject)
		if err != nil || views[0].State.Common().IsRevoked() {
			return nil, none, err
		}
		client, err := c.client(ctx, subject)
		return client, views[0], err
	}
	if !caller.IsParty(who) {
		return nil, none, caller.NotFound()
	}
	scope := c.Matters.Scopes.Of(who)
	histories, err := c.Matters.Engine.Read(ctx, scope, subject)
	if err != nil {
		return nil, none, err
	}
	view := histories[0].Views[who.Agency]
	found, err := c.clientFor(ctx, scope, view)
	return found.client, view, err
}
