package limit_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/notify/redistest"
)

var (
	kela     = identity.Caller{Agency: "kela", System: true, Role: identity.RoleSystem}
	hva      = identity.Caller{Agency: "hva", System: true, Role: identity.RoleSystem}
	worker   = identity.Caller{Agency: "kela", Worker: "kela-17", Role: identity.RoleBenefitHandler}
	another  = identity.Caller{Agency: "kela", Worker: "kela-18", Role: identity.RoleBenefitHandler}
	client   = identity.Caller{Client: "c-1", Role: identity.RoleClient}
	operator = identity.Caller{Worker: "op-1", Role: identity.RoleOperator}
)

// allowed is how many of 100 calls at once the replicas let through.
func allowed(t *testing.T, caller identity.Caller, replicas ...*limit.Limiter) int {
	t.Helper()
	count := 0
	for i := range 100 {
		err := replicas[i%len(replicas)].Allow(t.Context(), caller)
		if err == nil {
			count++
		} else if fault.ReasonOf(err) != fault.Busy {
			t.Fatal(err)
		}
	}
	return count
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Replicas share one limit, and each agency has its own. Without Redis, each replica has the whole limit for itself,
// and no call fails.
func TestLimit(t *testing.T) {
	// Half of a second's calls may come at once.
	const calls = 10
	settings := limit.Settings{Calls: 2 * calls}
	server := redistest.Start(t)
	one, other := must(settings.Open(server.Client())), must(settings.Open(server.Client()))
	if got := allowed(t, kela, one, other); got < calls || got > 2*calls {
		t.Errorf("%d calls of %d got through", got, calls)
	}
	if got := allowed(t, hva, one, other); got < calls {
		t.Errorf("another agency has %d calls of %d", got, calls)
	}
	server.Down()
	began := time.Now()
	got := allowed(t, kela, one, other)
	if got < 2*calls || got > 100-calls {
		t.Errorf("without Redis %d calls got through, want about %d", got, 2*calls)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("without Redis a hundred calls took %v", took)
	}
	if got := allowed(t, kela, must(settings.Open(nil))); got < calls || got > 100-calls {
		t.Errorf("without a client %d calls got through", got)
	}
}

// A worker's calls use up the share of that worker, and calls that are refused do not count for the agency, with Redis
// and without. A caller without an agency has a person's share too.
func TestShareOfAWorker(t *testing.T) {
	settings := limit.Settings{Calls: 120, WorkerCalls: 10}
	server := redistest.Start(t)
	for name, limiter := range map[string]*limit.Limiter{"over Redis": must(settings.Open(server.Client())), "without Redis": must(settings.Open(nil))} {
		for _, caller := range []identity.Caller{worker, client, operator} {
			if got := allowed(t, caller, limiter); got < 5 || got > 15 {
				t.Errorf("%s: %d calls of a person's 5 got through", name, got)
			}
		}
		if got := allowed(t, another, limiter); got < 5 {
			t.Errorf("%s: another worker has %d calls of 5", name, got)
		}
		if got := allowed(t, kela, limiter); got < 35 {
			t.Errorf("%s: two workers left their agency %d calls of 60", name, got)
		}
	}
	for _, key := range server.Client().Keys(t.Context(), "*").Val() {
		for _, name := range []string{"kela-17", "kela-18", "c-1", "op-1"} {
			if strings.Contains(key, name) {
				t.Errorf("a key in Redis names a person: %s", key)
			}
		}
	}
}

// An agency and a worker may have so many calls and streams in progress at once. When one ends, another may begin.
func TestInProgress(t *testing.T) {
	limiter := must(limit.Settings{AtOnce: 16, Streams: 3}.Open(nil))
	for name, test := range map[string]struct {
		enter           func(identity.Caller) (func(), error)
		agency, persons int
	}{"calls": {limiter.EnterCall, 16, 2}, "streams": {limiter.EnterStream, 3, 3}} {
		var leaves []func()
		full := func(caller identity.Caller) int {
			for n := 0; ; n++ {
				leave, err := test.enter(caller)
				if err != nil {
					if fault.ReasonOf(err) != fault.Busy {
						t.Fatal(err)
					}
					return n
				}
				leaves = append(leaves, leave)
			}
		}
		if got := full(worker); got != test.persons {
			t.Errorf("%s: a worker has %d", name, got)
		}
		if got := full(kela); got != test.agency-test.persons {
			t.Errorf("%s: the agency has %d more", name, got)
		}
		if got := full(hva); got != test.agency {
			t.Errorf("%s: another agency has %d", name, got)
		}
		leaves[0]()
		if got := full(kela); got != 1 {
			t.Errorf("%s: after one ended %d more", name, got)
		}
	}
}

// The interceptors refuse with RESOURCE_EXHAUSTED, let unauthenticated callers through, and count a call until it
// ends, however it ends.
func TestInterceptors(t *testing.T) {
	limiter := must(limit.Settings{AtOnce: 1, Streams: 1}.Open(nil))
	ctx := identity.WithCaller(t.Context(), kela)
	inside, release := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		_, err := limiter.Unary()(ctx, nil, nil, func(context.Context, any) (any, error) {
			close(inside)
			<-release
			return nil, context.Canceled
		})
		ended <- err
	}()
	<-inside
	call := func(ctx context.Context) error {
		_, err := limiter.Unary()(ctx, nil, nil, func(context.Context, any) (any, error) { return nil, nil })
		return err
	}
	if err := call(ctx); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a second call at once: %v", err)
	}
	if err := call(t.Context()); err != nil {
		t.Errorf("an unauthenticated caller: %v", err)
	}
	close(release)
	<-ended
	if err := call(ctx); err != nil {
		t.Errorf("after the first ended: %v", err)
	}
	leave, err := limiter.AdmitStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	if _, err := limiter.AdmitStream(ctx); fault.ReasonOf(err) != fault.Busy {
		t.Errorf("a second stream: %v", err)
	}
}

// Without limits there is no limiter. Negative limits are refused.
func TestSettings(t *testing.T) {
	if limiter, err := (limit.Settings{}).Open(nil); limiter != nil || err != nil {
		t.Errorf("%v %v", limiter, err)
	}
	if _, err := (limit.Settings{Streams: -1}).Open(nil); err == nil {
		t.Error("a negative limit is not refused")
	}
	limiter := must(limit.Settings{Calls: 1}.Open(nil))
	for range 10 {
		if _, err := limiter.EnterStream(kela); err != nil {
			t.Error(err)
		}
		if err := limiter.Allow(t.Context(), client); err != nil {
			t.Error(err)
		}
	}
}
