package partner_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"koppi.internal/partner"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// refusing refuses the first stream with one reason and all further ones with another.
type refusing struct {
	exchangev1.UnimplementedExchangeServiceServer
	streams     atomic.Int32
	first, then string
}

func (r *refusing) Exchange(grpc.BidiStreamingServer[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse]) error {
	reason := r.then
	if r.streams.Add(1) == 1 {
		reason = r.first
	}
	refusal, err := status.New(codes.FailedPrecondition, "refused").WithDetails(&errdetails.ErrorInfo{Domain: "koppi", Reason: reason})
	if err != nil {
		return err
	}
	return refusal.Err()
}

// A reason that the kit does not know, which may be of a later version of Koppi, does not stop a reader: it opens the
// stream again. A reason that a repetition cannot mend does.
func TestUnknownReasonStopsNoReader(t *testing.T) {
	server := &refusing{first: "REASON_OF_TOMORROW", then: "HISTORY_DIVERGED"}
	listener := bufconn.Listen(1 << 20)
	served := grpc.NewServer()
	exchangev1.RegisterExchangeServiceServer(served, server)
	go func() { _ = served.Serve(listener) }()
	defer served.Stop()
	conn := must(grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) })))
	defer func() { _ = conn.Close() }()
	client := partner.New(partner.Config{Conn: conn, Inbox: unmoved{t}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := client.Run(t.Context()); partner.Reason(err) != "HISTORY_DIVERGED" || server.streams.Load() != 2 {
		t.Errorf("after %d streams: %v", server.streams.Load(), err)
	}
}
