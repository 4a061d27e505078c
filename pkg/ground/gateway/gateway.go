// Package gateway shows callers the grounds on which they may send.
package gateway

import (
	"context"
	"strings"

	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// Grounds serves the grounds of all services.
type Grounds struct{ Services fanout.Services }

// ListGrounds asks the service that would send the message: it refuses what it does not offer, by one
// table and one clock.
func (g *Grounds) ListGrounds(ctx context.Context, r *caseworkv1.ListGroundsRequest) (*caseworkv1.ListGroundsResponse, error) {
	service, _, _ := strings.Cut(r.GetMessage(), "/")
	asked, err := g.Services.Of(service + "s")
	if err != nil {
		return nil, fault.New(fault.InvalidField, "the message is unknown").Field("message", "one of the messages of the table of grounds")
	}
	found, err := asked.ReadGrounds(identity.Forward(ctx), &caseworkv1.ReadGroundsRequest{Receiver: r.GetReceiver(), Message: r.GetMessage()})
	if err != nil {
		return nil, err
	}
	return &caseworkv1.ListGroundsResponse{Grounds: found.GetGrounds()}, nil
}

// ListGroundTexts asks one service: all have the same table.
func (g *Grounds) ListGroundTexts(ctx context.Context, _ *caseworkv1.ListGroundTextsRequest) (*caseworkv1.ListGroundTextsResponse, error) {
	_, found, err := fanout.First(ctx, g.Services, func(ctx context.Context, service caseworkv1.MatterServiceClient) (*caseworkv1.ReadGroundTextsResponse, error) {
		return service.ReadGroundTexts(ctx, &caseworkv1.ReadGroundTextsRequest{})
	})
	if err != nil {
		return nil, err
	}
	return &caseworkv1.ListGroundTextsResponse{Texts: found.GetTexts()}, nil
}
