package client

import (
	"context"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	introductionKind    = identity.Kind("introduction")
	introductionTime    = time.Minute
	introductionPurpose = "another matter of the client begins"
)

// Introduce gives another service the client's identity, as the caller's agency may know it now.
func (c *Clients[S]) Introduce(ctx context.Context, r *caseworkv1.IntroduceRequest) (*caseworkv1.IntroduceResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if r.GetCaseId() != "" && caller.IsParty(who) {
		return c.introduceCase(ctx, who, r.GetCaseId())
	}
	internal, ok := c.Matters.Scopes.InternalID(c.Secrets, who, identity.KindClient, r.GetClientId())
	if !ok || !caller.IsParty(who) {
		return nil, caller.UnknownClient("client_id")
	}
	found, err := c.knownTo(ctx, c.Matters.Scopes.Of(who), internal)
	if err != nil {
		return nil, err
	}
	if found.client == nil {
		return nil, caller.UnknownClient("client_id")
	}
	if err := c.AccessLog.Read(ctx, who, introductionPurpose, accesslog.Reading{Subject: found.subject, Client: internal}); err != nil {
		return nil, err
	}
	return c.introduction(who, &caseworkv1.Introduction{Inner: internal, Client: found.client})
}

// introduceCase tells another service that the caller may read a matter of a case here.
func (c *Clients[S]) introduceCase(ctx context.Context, who identity.Caller, pseudonym string) (*caseworkv1.IntroduceResponse, error) {
	internal, ok := c.Matters.Scopes.InternalID(c.Secrets, who, identity.KindCase, pseudonym)
	if !ok {
		return nil, caller.UnknownClient("case_id")
	}
	switch known, err := c.readsCase(ctx, who, internal); {
	case err != nil:
		return nil, err
	case !known:
		return nil, caller.UnknownClient("case_id")
	}
	return c.introduction(who, &caseworkv1.Introduction{Case: internal})
}

// readsCase tells whether the caller may read a matter of a case here.
func (c *Clients[S]) readsCase(ctx context.Context, who identity.Caller, internal string) (bool, error) {
	entries, err := c.Store.WorklistEntries(ctx, c.Matters.Scopes.Query(who, journal.Query{Agency: who.Agency, Case: internal, WithHidden: true, Limit: 1}))
	return len(entries) > 0, fault.Store(err)
}

// introduction seals what one service tells the others, for a short time.
func (c *Clients[S]) introduction(who identity.Caller, introduction *caseworkv1.Introduction) (*caseworkv1.IntroduceResponse, error) {
	introduction.Until = timestamppb.New(c.Clock.Now().Add(introductionTime))
	payload, err := proto.Marshal(introduction)
	if err != nil {
		return nil, err
	}
	return &caseworkv1.IntroduceResponse{Introduction: c.Secrets.Token(introductionKind, who.Agency, payload)}, nil
}

// resolvedElsewhere returns the client's identity as another service gave it to this agency a
// moment ago; nil if it gave none for this client.
func (c *Clients[S]) resolvedElsewhere(ctx context.Context, agency, internal string) *commonv1.Client {
	for _, introduction := range c.introductions(ctx, agency) {
		if introduction.GetClient() != nil && introduction.GetInner() == internal {
			return introduction.GetClient()
		}
	}
	return nil
}

// introductions returns what other services told this one a moment ago for a call of the agency.
func (c *Clients[S]) introductions(ctx context.Context, agency string) (all []*caseworkv1.Introduction) {
	for _, shown := range metadata.ValueFromIncomingContext(ctx, caller.MetadataIntroduction) {
		payload, ok := c.Secrets.OpenToken(introductionKind, agency, shown)
		introduction := &caseworkv1.Introduction{}
		if !ok || proto.Unmarshal(payload, introduction) != nil {
			continue
		}
		if c.Clock.Now().Before(introduction.GetUntil().AsTime()) {
			all = append(all, introduction)
		}
	}
	return all
}
