package callback

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/lease"
	"koppi.internal/pkg/notify/redistest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// patient is the timing of an endpoint that is not called again by itself within a test.
func patient() callback.Timing {
	timing := partnertest.CallbackTiming
	timing.FirstRetry, timing.LastRetry = time.Hour, time.Hour
	return timing
}

// called is an instance that calls Kela patiently, with Kela's own view of its endpoint.
type called struct {
	*testkit.Fixture
	*partnertest.Endpoint

	box *partnertest.Inbox
	own exchangev1.EndpointServiceClient
}

func newCalledKela(t *testing.T) *called {
	t.Helper()
	c := &called{Endpoint: partnertest.NewEndpoint(t), box: partnertest.OpenInbox(t, "kela")}
	t.Cleanup(func() { _ = c.box.Close() })
	c.Fixture = testkit.NewFixtureWith(t, allinone.Config{
		Directory:      testkit.Must(directory.Parse(partnertest.CallbackDirectory(t, "CONNECT", c.Address))),
		Callbacks:      callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)},
		CallbackTiming: patient(),
	})
	c.own = exchangev1.NewEndpointServiceClient(c.Conn())
	return c
}

// system is the context of an agency's system.
func (c *called) system(t *testing.T, agency string) context.Context {
	t.Helper()
	return testkit.WithToken(t, c.Token(testkit.SystemOf(agency)))
}

func (c *called) submit(t *testing.T, count int) {
	t.Helper()
	for range count {
		testkit.Must(concernv1.NewConcernServiceClient(c.Conn()).SubmitConcern(c.As("kela"), testkit.Submission()))
	}
}

func (c *called) concerns(t *testing.T) (state *exchangev1.GetEndpointResponse, sequence, waiting uint64) {
	t.Helper()
	state = testkit.Must(c.own.GetEndpoint(c.system(t, "kela"), &exchangev1.GetEndpointRequest{}))
	for _, one := range state.GetMailboxes() {
		if one.GetService() == "concern" {
			return state, one.GetSequence(), one.GetWaiting()
		}
	}
	t.Fatal("the state has no mailbox of concerns")
	return nil, 0, 0
}

// An agency sees how its endpoint fails, tries whether it can be reached, and has what waits delivered at once,
// where Koppi would call after an hour.
func TestEndpointOfTheCalled(t *testing.T) {
	c := newCalledKela(t)
	c.submit(t, 1)
	kela := c.system(t, "kela")
	var state *exchangev1.GetEndpointResponse
	testkit.Eventually(t, func() bool {
		state, _, _ = c.concerns(t)
		return len(state.GetCalls().GetCalls()) == 1
	})
	last := state.GetCalls().GetCalls()[0]
	if last.GetCode() != int32(codes.Unavailable) || last.GetHttpStatus() != http.StatusServiceUnavailable || last.GetMessages() != 1 || last.GetAccepted() != 0 ||
		last.GetKind() != exchangev1.EndpointCallKind_ENDPOINT_CALL_KIND_DELIVERY || state.GetCalls().GetFailingSince() == nil ||
		time.Until(state.GetCalls().GetAgainAt().AsTime()) < 20*time.Minute || !strings.HasPrefix(state.GetUrl(), "http://") || state.GetLastRetry().AsDuration() != time.Hour {
		t.Errorf("%v", state)
	}
	ping := func() *exchangev1.EndpointCall {
		return testkit.Must(c.own.PingEndpoint(kela, &exchangev1.PingEndpointRequest{})).GetCall()
	}
	if got := ping(); got.GetHttpStatus() != http.StatusServiceUnavailable || got.GetCode() != int32(codes.Unavailable) {
		t.Errorf("a closed endpoint answers %v", got)
	}
	c.Handle(c.box.Endpoint(t, partnertest.OldCallbackSecret).ServeHTTP)
	if got := ping(); got.GetHttpStatus() != http.StatusUnauthorized {
		t.Errorf("an endpoint with another secret answers %v", got)
	}
	c.Handle(c.box.Endpoint(t, partnertest.CallbackSecret).ServeHTTP)
	if got := ping(); got.GetCode() != 0 || got.GetHttpStatus() != 0 || got.GetMessages() != 0 {
		t.Errorf("an open endpoint answers %v", got)
	}
	if _, sequence, waiting := c.concerns(t); sequence != 0 || waiting != 1 {
		t.Errorf("a ping moved the endpoint to %d, with %d behind", sequence, waiting)
	}
	testkit.Must(c.own.DeliverNow(kela, &exchangev1.DeliverNowRequest{}))
	c.box.Reach(t, 1)
	testkit.Eventually(t, func() bool {
		var sequence, waiting uint64
		state, sequence, waiting = c.concerns(t)
		return sequence == 1 && waiting == 0 && len(state.GetCalls().GetCalls()) == 2
	})
	if last := state.GetCalls().GetCalls()[0]; last.GetCode() != 0 || last.GetAccepted() != 1 || state.GetCalls().GetFailingSince() != nil || state.GetPing().GetCode() != 0 {
		t.Errorf("%v", state)
	}
	for _, command := range [][]string{{"show"}, {"ping"}, {"now"}} {
		out := clustertest.Run(t, clustertest.KoppiCommand, append([]string{"callbacks"}, append(command, "--address", c.Fixture.Address, "--agency", "kela")...)...)
		if !strings.Contains(out, map[string]string{"show": "concern: 1 accepted, 0 wait", "ping": "the endpoint answered", "now": "asked"}[command[0]]) {
			t.Errorf("%v prints %s", command, out)
		}
	}
}

// An endpoint is seen and asked by its own agency's systems and by operators. For all others it is as that of an
// agency that is not called.
func TestEndpointIsItsAgencys(t *testing.T) {
	c := newCalledKela(t)
	operator := testkit.WithToken(t, c.Tokens["operator"])
	for name, test := range map[string]struct {
		ctx  context.Context
		of   string
		want fault.Reason
	}{
		"own":                  {c.system(t, "kela"), "", ""},
		"own by name":          {c.system(t, "kela"), "kela", ""},
		"another's":            {c.system(t, "hva-pohjois-savo"), "kela", fault.NotFound},
		"not called":           {c.system(t, "hva-pohjois-savo"), "", fault.NotFound},
		"a worker":             {c.As("kela"), "", fault.RoleNotAllowed},
		"the client":           {c.As("client"), "kela", fault.RoleNotAllowed},
		"an operator":          {operator, "kela", ""},
		"an operator, of none": {operator, "", fault.InvalidField},
		"an operator, unknown": {operator, "nobody", fault.NotFound},
	} {
		_, get := c.own.GetEndpoint(test.ctx, &exchangev1.GetEndpointRequest{Agency: test.of})
		_, now := c.own.DeliverNow(test.ctx, &exchangev1.DeliverNowRequest{Agency: test.of})
		_, ping := c.own.PingEndpoint(test.ctx, &exchangev1.PingEndpointRequest{Agency: test.of})
		for call, err := range map[string]error{"get": get, "now": now, "ping": ping} {
			if fault.ReasonOf(err) != test.want {
				t.Errorf("%s, %s: %v", name, call, err)
			}
		}
	}
	if _, err := c.own.RewindEndpoint(operator, &exchangev1.RewindEndpointRequest{}); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("an operator moves an agency's endpoint: %v", err)
	}
	if _, err := c.own.RewindEndpoint(c.system(t, "hva-pohjois-savo"), &exchangev1.RewindEndpointRequest{}); fault.ReasonOf(err) != fault.NotFound {
		t.Errorf("an agency that is not called: %v", err)
	}
	// How the processes keep the state is none of the callers' business.
	if _, err := exchangev1.NewEndpointStateServiceClient(c.Conn()).RewindConsumer(c.system(t, "kela"), &exchangev1.RewindConsumerRequest{Agency: "kela", Cursor: "AQ"}); err == nil {
		t.Error("the gateway forwards an internal call")
	}
}

// An agency that lost what it had stored gets everything again, and one that restored an older copy what came after
// it: in order, with the same sequences and hashes.
func TestEndpointRewinds(t *testing.T) {
	c := newCalledKela(t)
	kela := c.system(t, "kela")
	c.Handle(c.box.Endpoint(t, partnertest.CallbackSecret).ServeHTTP)
	c.submit(t, 2)
	c.box.Reach(t, 2)
	older := testkit.Must(c.box.Position(t.Context()))
	c.submit(t, 3)
	c.box.Reach(t, 5)

	lost := partnertest.OpenInbox(t, "lost")
	defer func() { _ = lost.Close() }()
	c.Handle(lost.Endpoint(t, partnertest.CallbackSecret).ServeHTTP)
	if moved := testkit.Must(c.own.RewindEndpoint(kela, &exchangev1.RewindEndpointRequest{})); moved.GetAgain() != 5 {
		t.Errorf("%v", moved)
	}
	lost.Reach(t, 5)
	partnertest.CheckFile(t, lost.Path, 5)

	var first atomic.Uint64
	handler := lost.Endpoint(t, partnertest.CallbackSecret)
	c.Handle(func(w http.ResponseWriter, r *http.Request) {
		request, _ := deliveredTo(r)
		first.CompareAndSwap(0, request.GetMessages()[0].GetSequence())
		handler.ServeHTTP(w, r)
	})
	if moved := testkit.Must(c.own.RewindEndpoint(kela, &exchangev1.RewindEndpointRequest{Cursor: older.Cursor})); moved.GetAgain() != 3 {
		t.Errorf("%v", moved)
	}
	c.submit(t, 1)
	lost.Reach(t, 6)
	if first.Load() != 3 {
		t.Errorf("after message 2, message %d came", first.Load())
	}
	testkit.Eventually(t, func() bool {
		_, sequence, waiting := c.concerns(t)
		return sequence == 6 && waiting == 0
	})
	partnertest.CheckFile(t, lost.Path, 6)

	other := newCalledKela(t)
	if _, err := other.own.RewindEndpoint(other.system(t, "kela"), &exchangev1.RewindEndpointRequest{Cursor: older.Cursor}); fault.ReasonOf(err) != fault.HistoryDiverged {
		t.Errorf("a cursor of another history: %v", err)
	}
	if _, err := other.own.RewindEndpoint(other.system(t, "kela"), &exchangev1.RewindEndpointRequest{Cursor: "!"}); fault.ReasonOf(err) != fault.InvalidCursor {
		t.Errorf("no cursor: %v", err)
	}
}

// Of two gateways, the one that does not call the endpoint answers as the other, and what it is asked takes effect.
func TestEndpointAtEitherGateway(t *testing.T) {
	e, box := partnertest.NewEndpoint(t), partnertest.OpenInbox(t, "kela")
	defer func() { _ = box.Close() }()
	f := testkit.NewFixtureWith(t, allinone.Config{Data: t.TempDir()})
	agencies := testkit.Must(directory.Parse(partnertest.CallbackDirectory(t, "CONNECT", e.Address)))
	redis := redistest.Start(t)
	gateway := func() *callback.API {
		states := &callback.States{}
		calls := testkit.Must(callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)}.Open(callback.Surroundings{
			Exchange: f.Koppi.Backend(), Services: f.Koppi.SuiteServices(), Keeper: f.Koppi.Keeper(), Directory: agencies, Leases: lease.NewRedis(redis.Client()),
			Logger: slog.New(slog.NewTextHandler(leaktest.LogWriter(), nil)), Dev: true, Timing: patient(), States: states,
		}))
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- calls.Run(ctx) }()
		t.Cleanup(sync.OnceFunc(func() {
			cancel()
			if err := errors.Join(<-ended, calls.Close()); err != nil {
				t.Error(err)
			}
		}))
		return &callback.API{States: states}
	}
	service := concernv1.NewConcernServiceClient(f.Conn())
	submit := func() { testkit.Must(service.SubmitConcern(f.As("kela"), testkit.Submission())) }
	kela := identity.WithCaller(t.Context(), identity.Caller{Agency: "kela", Role: identity.RoleSystem, System: true})
	state := func(a *callback.API) *exchangev1.EndpointCalls {
		return testkit.Must(a.GetEndpoint(kela, &exchangev1.GetEndpointRequest{})).GetCalls()
	}
	submit()
	calling := gateway()
	testkit.Eventually(t, func() bool { return len(state(calling).GetCalls()) == 1 })
	other := gateway()
	if got := state(other); len(got.GetCalls()) != 1 || got.GetFailingSince() == nil {
		t.Errorf("the other gateway says %v", got)
	}
	e.Handle(box.Endpoint(t, partnertest.CallbackSecret).ServeHTTP)
	if call := testkit.Must(other.PingEndpoint(kela, &exchangev1.PingEndpointRequest{})).GetCall(); call.GetCode() != 0 {
		t.Errorf("a ping from the other gateway: %v", call)
	}
	testkit.Must(other.DeliverNow(kela, &exchangev1.DeliverNowRequest{}))
	box.Reach(t, 1)
	lost := partnertest.OpenInbox(t, "lost")
	defer func() { _ = lost.Close() }()
	e.Handle(lost.Endpoint(t, partnertest.CallbackSecret).ServeHTTP)
	testkit.Must(other.RewindEndpoint(kela, &exchangev1.RewindEndpointRequest{}))
	submit()
	lost.Reach(t, 2)
	partnertest.CheckFile(t, lost.Path, 2)
	testkit.Eventually(t, func() bool {
		return len(state(calling).GetCalls()) >= 3 && state(other).GetFailingSince() == nil
	})
}
