package fanout_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

var errDown = errors.New("down")

// service answers each call, or fails, or does so once the test lets it or the call is cancelled.
type service struct {
	grpc.ClientConnInterface
	name string
	err  error
	// until is when the service answers; nil for at once.
	until <-chan struct{}
	// parts are the messages of a stream; err ends it.
	parts []*caseworkv1.TallyResponse

	mu    sync.Mutex
	calls []string
	// authorization is the token with which the service was called.
	authorization []string
}

func (s *service) called(ctx context.Context, method string) error {
	sent, _ := metadata.FromOutgoingContext(ctx)
	s.mu.Lock()
	s.calls, s.authorization = append(s.calls, method), sent.Get("authorization")
	s.mu.Unlock()
	if s.until == nil {
		return s.err
	}
	select {
	case <-s.until:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *service) Invoke(ctx context.Context, method string, _, _ any, _ ...grpc.CallOption) error {
	return s.called(ctx, method)
}

func (s *service) NewStream(ctx context.Context, _ *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return &stream{service: s}, s.called(ctx, method)
}

// stream sends the parts of a service.
type stream struct {
	grpc.ClientStream
	service *service
	sent    int
}

func (*stream) SendMsg(any) error { return nil }

func (*stream) CloseSend() error { return nil }

func (s *stream) RecvMsg(into any) error {
	if s.sent == len(s.service.parts) {
		return io.EOF
	}
	proto.Merge(into.(proto.Message), s.service.parts[s.sent])
	s.sent++
	return nil
}

// of makes services of these names, and the fanout over them.
func of(names ...string) (map[string]*service, fanout.Services) {
	fakes, services := map[string]*service{}, fanout.Services{}
	for _, name := range names {
		fakes[name] = &service{name: name}
		services[name] = fakes[name]
	}
	return fakes, services
}

func overview(ctx context.Context, name string, suite caseworkv1.SuiteServiceClient) (string, error) {
	_, err := suite.GetWaiting(ctx, &caseworkv1.GetWaitingRequest{})
	return "answer of " + name, err
}

func waiting(ctx context.Context, name string, conn grpc.ClientConnInterface) (string, error) {
	return overview(ctx, name, caseworkv1.NewSuiteServiceClient(conn))
}

// All services are asked, and the answers are in the order of their names.
func TestAnswersAreInOrder(t *testing.T) {
	want := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	fakes, services := of(want...)
	names, answers, err := fanout.Ask(t.Context(), services, overview)
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("%v, %v", names, err)
	}
	tried := fanout.Try(t.Context(), services, waiting)
	for i, name := range want {
		if answers[i] != "answer of "+name || tried[i] != (fanout.Answer[string]{Service: name, Value: "answer of " + name}) {
			t.Errorf("%s: %s, %v", name, answers[i], tried[i])
		}
	}
	for name, fake := range fakes {
		if len(fake.calls) != 2 || fake.authorization != nil {
			t.Errorf("%s was called %v with %v", name, fake.calls, fake.authorization)
		}
	}
}

// Questions in the caller's name carry the caller's token.
func TestAskForCallerForwardsTheToken(t *testing.T) {
	fakes, services := of("concerns", "plans")
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer t"))
	_, _, err := fanout.AskForCaller(ctx, services, func(ctx context.Context, _ string, service caseworkv1.MatterServiceClient) (*caseworkv1.ReadWorkResponse, error) {
		return service.ReadWork(ctx, &caseworkv1.ReadWorkRequest{})
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, fake := range fakes {
		if !slices.Equal(fake.authorization, []string{"Bearer t"}) {
			t.Errorf("%s was called with %v", name, fake.authorization)
		}
	}
}

// Where every answer is needed, a failure ends the calls that are under way.
func TestAllEndsWithTheFirstFailure(t *testing.T) {
	fakes, services := of("concerns", "plans")
	fakes["concerns"].until, fakes["plans"].err = make(chan struct{}), errDown
	if _, _, err := fanout.All(t.Context(), services, waiting); !errors.Is(err, errDown) {
		t.Errorf("%v, want %v", err, errDown)
	}
}

// Where each answer counts by itself, a service that fails ends no other call.
func TestTryKeepsWhatOthersAnswer(t *testing.T) {
	fakes, services := of("concerns", "plans", "referrals")
	failed := make(chan struct{})
	fakes["concerns"].until, fakes["plans"].err = failed, errDown
	answers := fanout.Try(t.Context(), services, func(ctx context.Context, name string, conn grpc.ClientConnInterface) (string, error) {
		if name == "plans" {
			defer close(failed)
		}
		return waiting(ctx, name, conn)
	})
	want := []fanout.Answer[string]{
		{Service: "concerns", Value: "answer of concerns"}, {Service: "plans", Value: "answer of plans", Err: errDown}, {Service: "referrals", Value: "answer of referrals"},
	}
	if !slices.Equal(answers, want) {
		t.Errorf("%v, want %v", answers, want)
	}
}

// The first service that answers is the only answer; without any, the last failure is.
func TestFirstSkipsServicesThatFail(t *testing.T) {
	fakes, services := of("concerns", "plans", "referrals")
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer t"))
	ask := func() (string, string, error) {
		return fanout.First(ctx, services, func(ctx context.Context, service caseworkv1.MatterServiceClient) (string, error) {
			_, err := service.ReadWork(ctx, &caseworkv1.ReadWorkRequest{})
			return "the answer", err
		})
	}
	fakes["concerns"].err = errDown
	if name, answer, err := ask(); name != "plans" || answer != "the answer" || err != nil {
		t.Errorf("%s: %s, %v", name, answer, err)
	}
	if len(fakes["referrals"].calls) != 0 || !slices.Equal(fakes["plans"].authorization, []string{"Bearer t"}) {
		t.Errorf("referrals was called %v, plans with %v", fakes["referrals"].calls, fakes["plans"].authorization)
	}
	fakes["plans"].err, fakes["referrals"].err = errors.New("down before"), errDown
	if name, answer, err := ask(); name != "" || answer != "" || !errors.Is(err, errDown) {
		t.Errorf("%s: %s, %v", name, answer, err)
	}
}

func tally(ctx context.Context, service caseworkv1.SuiteServiceClient) (grpc.ServerStreamingClient[caseworkv1.TallyResponse], error) {
	return service.Tally(ctx, &caseworkv1.TallyRequest{})
}

// All streams are read to their ends, and one message at a time is taken.
func TestReceiveReadsAllStreams(t *testing.T) {
	const parts = 1000
	fakes, services := of("concerns", "plans")
	for name, fake := range fakes {
		for i := range parts {
			fake.parts = append(fake.parts, &caseworkv1.TallyResponse{FirstMonth: fmt.Sprint(name, i)})
		}
	}
	var busy atomic.Bool
	taken := map[string]int{}
	if err := fanout.Receive(t.Context(), services, tally, func(name string, part *caseworkv1.TallyResponse) {
		if !busy.CompareAndSwap(false, true) {
			t.Error("two messages are taken at once")
		}
		if want := fmt.Sprint(name, taken[name]); part.GetFirstMonth() != want {
			t.Errorf("%s, want %s", part.GetFirstMonth(), want)
		}
		taken[name]++
		runtime.Gosched()
		busy.Store(false)
	}); err != nil {
		t.Fatal(err)
	}
	if taken["concerns"] != parts || taken["plans"] != parts {
		t.Errorf("%v were taken", taken)
	}
}

// A stream that fails ends the others, and its error is returned.
func TestReceiveEndsWithTheFirstFailure(t *testing.T) {
	fakes, services := of("concerns", "plans")
	fakes["concerns"].until, fakes["plans"].err = make(chan struct{}), errDown
	if err := fanout.Receive(t.Context(), services, tally, func(string, *caseworkv1.TallyResponse) {}); !errors.Is(err, errDown) {
		t.Errorf("%v, want %v", err, errDown)
	}
}

// A subject is of the service whose collection its name begins with; Except leaves out one service.
func TestServices(t *testing.T) {
	_, services := of("concerns", "plans")
	if client, err := services.Of("plans/1"); err != nil || client == nil {
		t.Error(err)
	}
	if _, err := services.Of("letters/1"); fault.ReasonOf(err) != fault.NotFound {
		t.Errorf("%v, want %s", err, fault.NotFound)
	}
	if left := services.Except("plans").Names(); !slices.Equal(left, []string{"concerns"}) || len(services) != 2 {
		t.Errorf("%v of %v", left, services.Names())
	}
}
