package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/serve"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// panicking is a service whose handlers panic with what a caller sent.
type panicking struct {
	exchangev1.UnimplementedExchangeServiceServer
}

func (panicking) ListMessages(context.Context, *exchangev1.ListMessagesRequest) (*exchangev1.ListMessagesResponse, error) {
	panic("salainen 010594Y9032")
}

func (panicking) Watch(*exchangev1.WatchRequest, grpc.ServerStreamingServer[exchangev1.WatchResponse]) error {
	panic("salainen 010594Y9032")
}

// A panic in the handler of a call or a stream is answered with INTERNAL, and logged once, with the method and
// the stack. The panic's value is neither answered nor logged. The server then serves other calls.
func TestPanics(t *testing.T) {
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	server := serve.NewGRPC(serve.Config{
		Logger: slog.New(slog.NewJSONHandler(&log, nil)), Validator: validator, Public: func(string) bool { return true },
	})
	exchangev1.RegisterExchangeServiceServer(server, panicking{})
	listener := serve.Memory()
	conn, err := serve.Connect(listener)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve.GRPC(ctx, server, listener) }()
	client := exchangev1.NewExchangeServiceClient(conn)
	calls := map[string]func() error{
		exchangev1.ExchangeService_ListMessages_FullMethodName: func() error {
			_, err := client.ListMessages(t.Context(), &exchangev1.ListMessagesRequest{})
			return err
		},
		exchangev1.ExchangeService_Watch_FullMethodName: func() error {
			stream, err := client.Watch(t.Context(), &exchangev1.WatchRequest{})
			if err != nil {
				return err
			}
			_, err = stream.Recv()
			return err
		},
	}
	for name, call := range calls {
		if err := call(); fault.ReasonOf(err) != fault.Internal || strings.Contains(err.Error(), "salainen") {
			t.Errorf("%s: %v, want %s", name, err, fault.Internal)
		}
	}
	_ = conn.Close()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if strings.Contains(log.String(), "salainen") || strings.Contains(log.String(), "9032") {
		t.Errorf("the log holds the panic's value: %s", log.String())
	}
	for line := range strings.Lines(log.String()) {
		var record struct{ Level, Msg, Method, Stack string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if record.Level != "ERROR" || record.Msg != "panic" || calls[record.Method] == nil || !strings.Contains(record.Stack, "recovery_test.go") {
			t.Errorf("logged %s", line)
		}
		delete(calls, record.Method)
	}
	for name := range calls {
		t.Errorf("the panic of %s is not logged", name)
	}
}
