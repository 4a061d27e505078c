package gateway

import (
	"context"

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

// FindClient asks all services. The first that answers records the search. If one does not answer, only
// a client whom another has found is an answer: that no other knows the client tells nothing.
func (f *Finder) FindClient(ctx context.Context, r *caseworkv1.FindClientRequest) (*caseworkv1.FindClientResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.Limiter.AllowSearch(ctx, who); err != nil {
		return nil, err
	}
	ctx = identity.Forward(ctx)
	var failed error
	response, recorded := &caseworkv1.FindClientResponse{}, false
	for _, name := range f.Services.Names() {
		service := caseworkv1.NewMatterServiceClient(f.Services[name])
		found, err := service.FindKnownClient(ctx, &caseworkv1.FindKnownClientRequest{Asked: r, Record: !recorded})
		if err != nil {
			failed = err
			continue
		}
		recorded = true
		if found.GetClientId() != "" {
			response.ClientId = found.GetClientId()
		}
	}
	if response.GetClientId() == "" && failed != nil {
		return nil, failed
	}
	return response, nil
}
