package serve_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/serve"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

type (
	stream = grpc.BidiStreamingServer[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse]
	// exchange serves one stream by a function.
	exchange struct {
		exchangev1.UnimplementedExchangeServiceServer

		serve func(stream) error
	}
	// caller is a caller's stream.
	caller struct {
		requests  []*exchangev1.ExchangeRequest
		responses chan *exchangev1.ExchangeResponse
		// sending is closed when the first response is being sent; nil if nobody waits for that.
		sending chan struct{}
	}
	private struct{}
)

func (e exchange) Exchange(s stream) error { return e.serve(s) }

func (c *caller) Receive(message any) error {
	if len(c.requests) == 0 {
		return io.EOF
	}
	proto.Merge(message.(proto.Message), c.requests[0])
	c.requests = c.requests[1:]
	return nil
}

func (c *caller) Send(message any) error {
	if c.sending != nil {
		close(c.sending)
		c.sending = nil
	}
	c.responses <- message.(*exchangev1.ExchangeResponse)
	return nil
}

// openedInPlace opens a stream that its caller serves.
func openedInPlace(t *testing.T, serving func(stream) error) *serve.Stream {
	t.Helper()
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	server := serve.NewGRPC(serve.Config{Logger: slog.New(slog.DiscardHandler), Validator: validator, Public: func(string) bool { return true }})
	exchangev1.RegisterExchangeServiceServer(server, exchange{serve: serving})
	ctx := metadata.AppendToOutgoingContext(context.WithValue(t.Context(), private{}, true), "authorization", "Bearer x")
	opened, err := serve.Local{Server: server}.NewStream(ctx, &grpc.StreamDesc{}, exchangev1.ExchangeService_Exchange_FullMethodName, serve.InPlace{})
	if err != nil {
		t.Fatal(err)
	}
	return opened.(*serve.Stream)
}

func opening() *exchangev1.ExchangeRequest {
	return &exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: &exchangev1.ExchangeRequest_Open{Consumer: "one"}}}
}

// A handler in place gets the metadata of the call and nothing else of its context, and no field that is not in the
// contract. Both sides see the end of the other.
func TestInPlace(t *testing.T) {
	from := &caller{requests: []*exchangev1.ExchangeRequest{opening()}, responses: make(chan *exchangev1.ExchangeResponse, 1)}
	from.requests[0].GetOpen().ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 1000, protowire.VarintType), 1))
	err := openedInPlace(t, func(s stream) error {
		if got := metadata.ValueFromIncomingContext(s.Context(), "authorization"); len(got) != 1 || got[0] != "Bearer x" {
			t.Errorf("the metadata is %v", got)
		}
		if method, _ := grpc.Method(s.Context()); method != exchangev1.ExchangeService_Exchange_FullMethodName || s.Context().Value(private{}) != nil {
			t.Errorf("the context is that of the caller: %q", method)
		}
		request, err := s.Recv()
		if err != nil || request.GetOpen().GetConsumer() != "one" || len(request.GetOpen().ProtoReflect().GetUnknown()) != 0 {
			t.Errorf("received %v: %v", request, err)
		}
		if _, err := s.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("after the last request: %v", err)
		}
		return s.Send(&exchangev1.ExchangeResponse{})
	}).Serve(from)
	if err != nil || len(from.responses) != 1 {
		t.Errorf("%d responses: %v", len(from.responses), err)
	}
}

// The checks of the server and its errors are those of a connection: a request that breaks a rule is refused, and a
// panic says nothing.
func TestInPlaceRefuses(t *testing.T) {
	receives := func(s stream) error {
		_, err := s.Recv()
		return err
	}
	for name, one := range map[string]struct {
		serve func(stream) error
		want  fault.Reason
	}{
		"a request that breaks a rule": {receives, fault.InvalidField},
		"a refusal":                    {func(stream) error { return fault.New(fault.TakenOver, "by another") }, fault.TakenOver},
		"a panic":                      {func(stream) error { panic("secret") }, fault.Internal},
		"an error without a reason":    {func(stream) error { return errors.New("secret") }, fault.Internal},
	} {
		request := opening()
		request.GetOpen().Cursor = strings.Repeat("x", 2000)
		err := openedInPlace(t, one.serve).Serve(&caller{requests: []*exchangev1.ExchangeRequest{request}})
		if _, ok := status.FromError(err); !ok || fault.ReasonOf(err) != one.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A stream ends after what it is sending, and sends nothing later: the caller's stream is then gone.
func TestInPlaceEndsAfterSending(t *testing.T) {
	from := &caller{responses: make(chan *exchangev1.ExchangeResponse), sending: make(chan struct{})}
	begun := from.sending
	sent, ended, late := make(chan error, 1), make(chan error, 1), make(chan stream, 1)
	one := openedInPlace(t, func(s stream) error {
		go func() { sent <- s.Send(&exchangev1.ExchangeResponse{}) }()
		<-begun
		late <- s
		return nil
	})
	go func() { ended <- one.Serve(from) }()
	s := <-late
	select {
	case <-ended:
		t.Error("the stream ended while it sent")
	case <-time.After(50 * time.Millisecond): // what must not happen has no signal
	}
	<-from.responses
	if err := errors.Join(<-sent, <-ended); err != nil {
		t.Error(err)
	}
	if err := s.Send(&exchangev1.ExchangeResponse{}); err == nil {
		t.Error("sent after the end")
	}
}
