package client

import (
	"context"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/identity"
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
	internal, ok := c.Secrets.InternalID(identity.KindClient, who.Agency, r.GetClientId())
	if !ok || !caller.IsParty(who) {
		return nil, caller.UnknownClient("client_id")
	}
	found, err := c.knownTo(ctx, who.Agency, internal)
	if err != nil {
		return nil, err
	}
	if found.client == nil {
		return nil, caller.UnknownClient("client_id")
	}
	if err := c.AccessLog.Read(ctx, who, introductionPurpose, accesslog.Reading{Subject: found.subject, Client: internal}); err != nil {
		return nil, err
	}
	payload, err := proto.Marshal(&caseworkv1.Introduction{Inner: internal, Client: found.client, Until: timestamppb.New(c.Clock.Now().Add(introductionTime))})
	if err != nil {
		return nil, err
	}
	return &caseworkv1.IntroduceResponse{Introduction: c.Secrets.Token(introductionKind, who.Agency, payload)}, nil
}

// resolvedElsewhere returns the client's identity as another service gave it to this agency a
// moment ago; nil if it gave none for this client.
func (c *Clients[S]) resolvedElsewhere(ctx context.Context, agency, internal string) *commonv1.Client {
	for _, shown := range metadata.ValueFromIncomingContext(ctx, caller.MetadataIntroduction) {
		payload, ok := c.Secrets.OpenToken(introductionKind, agency, shown)
		introduction := &caseworkv1.Introduction{}
		if !ok || proto.Unmarshal(payload, introduction) != nil {
			continue
		}
		if introduction.GetInner() == internal && c.Clock.Now().Before(introduction.GetUntil().AsTime()) {
			return introduction.GetClient()
		}
	}
	return nil
}
