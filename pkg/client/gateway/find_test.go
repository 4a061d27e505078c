package gateway_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/client/gateway"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// asked is a service that knows a client, or nobody, or does not answer.
type asked struct {
	grpc.ClientConnInterface

	knows string
	err   error
	log   *searches
}

// searches is what the services recorded.
type searches struct {
	mu       sync.Mutex
	recorded int
	calls    int
}

func (a *asked) Invoke(_ context.Context, _ string, request, response any, _ ...grpc.CallOption) error {
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	a.log.calls++
	if a.err != nil {
		return a.err
	}
	if request.(*caseworkv1.FindKnownClientRequest).GetRecord() { //nolint:forcetypeassert // the only request
		a.log.recorded++
	}
	response.(*caseworkv1.FindKnownClientResponse).ClientId = a.knows //nolint:forcetypeassert // of that request
	return nil
}

// A search is recorded once, whichever service knows the client and whichever fails. A client who is found
// is an answer also if a service is down; that nobody knows the client is one only if all have answered.
func TestFindClientWhereServicesFail(t *testing.T) {
	down := status.Error(codes.Unavailable, "down")
	for name, test := range map[string]struct {
		concerns, plans, referrals asked
		want                       string
		err                        error
		recorded                   int
	}{
		"nobody knows the client":           {recorded: 1},
		"the first knows the client":        {concerns: asked{knows: "c-1"}, want: "c-1", recorded: 1},
		"the last knows the client":         {referrals: asked{knows: "c-1"}, want: "c-1", recorded: 1},
		"all know the client":               {asked{knows: "c-1"}, asked{knows: "c-1"}, asked{knows: "c-1"}, "c-1", nil, 1},
		"the first is down":                 {concerns: asked{err: down}, referrals: asked{knows: "c-1"}, want: "c-1", recorded: 1},
		"the last is down":                  {concerns: asked{knows: "c-1"}, referrals: asked{err: down}, want: "c-1", recorded: 1},
		"the first is down, none knows":     {concerns: asked{err: down}, err: down, recorded: 1},
		"the last is down, none else knows": {referrals: asked{err: down}, err: down, recorded: 1},
		"all are down":                      {asked{err: down}, asked{err: down}, asked{err: down}, "", down, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var log searches
			test.concerns.log, test.plans.log, test.referrals.log = &log, &log, &log
			finder := &gateway.Finder{Services: fanout.Services{"concerns": &test.concerns, "plans": &test.plans, "referrals": &test.referrals}}
			ctx := identity.WithCaller(t.Context(), identity.Caller{Agency: "kela", Worker: "kela-17", Role: identity.RoleBenefitHandler})
			found, err := finder.FindClient(ctx, &caseworkv1.FindClientRequest{})
			if found.GetClientId() != test.want || !errors.Is(err, test.err) || log.recorded != test.recorded {
				t.Errorf("found %q, %v, recorded %d times", found.GetClientId(), err, log.recorded)
			}
		})
	}
}
