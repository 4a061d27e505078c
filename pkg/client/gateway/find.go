package gateway

import (
	"cmp"
	"context"

	"google.golang.org/grpc"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/limit"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// Finder finds clients over all services.
type Finder struct {
	Services fanout.Services
	// Limiter limits the searches of one worker; nil limits none.
	Limiter *limit.Limiter
}

// FindClient asks all services; the first that answers records the search. If a service does not answer,
// the client may still be found in another; but it is not said that nobody knows the client.
func (f *Finder) FindClient(ctx context.Context, r *caseworkv1.FindClientRequest) (*caseworkv1.FindClientResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.Limiter.AllowSearch(ctx, who); err != nil {
		return nil, err
	}
	recorder, found, err := fanout.First(ctx, f.Services, func(ctx context.Context, service caseworkv1.MatterServiceClient) (*caseworkv1.FindKnownClientResponse, error) {
		return service.FindKnownClient(ctx, &caseworkv1.FindKnownClientRequest{Asked: r, Record: true})
	})
	if err != nil {
		return nil, err
	}
	answers := fanout.Try(identity.Forward(ctx), f.Services.Except(recorder), func(ctx context.Context, _ string, conn grpc.ClientConnInterface) (*caseworkv1.FindKnownClientResponse, error) {
		return caseworkv1.NewMatterServiceClient(conn).FindKnownClient(ctx, &caseworkv1.FindKnownClientRequest{Asked: r})
	})
	client := found.GetClientId()
	var failed error
	for _, answer := range answers {
		client, failed = cmp.Or(client, answer.Value.GetClientId()), cmp.Or(failed, answer.Err)
	}
	if client == "" && failed != nil {
		return nil, failed
	}
	return &caseworkv1.FindClientResponse{ClientId: client}, nil
}
