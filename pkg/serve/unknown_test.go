package serve_test

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/serve"
)

// Of 2,000 unauthenticated streams, 64 are open at once, and when they end, others can be opened. Only a trial
// installation serves reflection.
func TestUnknownStreams(t *testing.T) {
	verifier, err := identity.NewVerifier(identity.VerifierConfig{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	server := serve.NewGRPC(serve.Config{Logger: slog.New(slog.DiscardHandler), Verifier: verifier, Validator: validator, Public: func(string) bool { return false }})
	listener, ended := serve.Memory(), make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() { ended <- serve.GRPC(ctx, server, listener) }()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	reflection, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err == nil {
		_, err = reflection.Recv()
	}
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("reflection: %v", err)
	}
	watching, leave := context.WithCancel(t.Context())
	open := 0
	for range 2000 {
		stream, err := healthv1.NewHealthClient(conn).Watch(watching, &healthv1.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		switch _, err := stream.Recv(); {
		case err == nil:
			open++
		case fault.ReasonOf(err) != fault.Busy:
			t.Fatal(err)
		}
	}
	if open != 64 {
		t.Errorf("%d streams are open, want 64", open)
	}
	if _, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Errorf("a check of health: %v", err)
	}
	leave()
	for {
		stream, err := healthv1.NewHealthClient(conn).Watch(t.Context(), &healthv1.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = stream.Recv(); err == nil {
			break
		}
	}
	_ = conn.Close()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
