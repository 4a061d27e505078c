package serve_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/serve"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// breaking is a service whose method panics or fails where the request asks for it.
type breaking struct {
	devv1.UnimplementedDevServiceServer

	deadline chan bool
}

func (b *breaking) IssueToken(ctx context.Context, r *devv1.IssueTokenRequest) (*devv1.IssueTokenResponse, error) {
	_, bounded := ctx.Deadline()
	b.deadline <- bounded
	switch r.GetRole() {
	case "panic":
		panic("salainen 010594Y9032")
	case "error":
		return nil, errors.New("salainen 010594Y9032")
	}
	return &devv1.IssueTokenResponse{Token: "t"}, nil
}

// Errors and panics of a service, and calls without a token, are answered with a reason, and neither the answer nor
// the log repeats what was sent.
func TestErrorsDiscloseNothing(t *testing.T) {
	verifier, err := identity.NewVerifier(identity.VerifierConfig{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	server := serve.NewGRPC(serve.Config{
		Logger: slog.New(slog.NewJSONHandler(&log, nil)), Verifier: verifier, Validator: validator,
		Public: func(method string) bool { return strings.HasSuffix(method, "IssueToken") },
	})
	service := &breaking{deadline: make(chan bool, 8)}
	devv1.RegisterDevServiceServer(server, service)
	listener := serve.Memory()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve.GRPC(ctx, server, listener) }()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	client := devv1.NewDevServiceClient(conn)
	for role, want := range map[string]fault.Reason{
		"panic": fault.Internal, "error": fault.Internal, "salainen-" + strings.Repeat("x", 40): fault.InvalidField, "fine": "",
	} {
		_, err := client.IssueToken(t.Context(), &devv1.IssueTokenRequest{Role: role})
		if fault.ReasonOf(err) != want || err != nil && strings.Contains(err.Error(), "salainen") {
			t.Errorf("%.10s: %v, want %s", role, err, want)
		}
	}
	if _, err := client.AdvanceClock(t.Context(), &devv1.AdvanceClockRequest{}); fault.ReasonOf(err) != fault.TokenRequired {
		t.Errorf("a method that is not public: %v", err)
	}
	if err := conn.Invoke(t.Context(), "/no.Service/Method", &devv1.IssueTokenRequest{}, &devv1.IssueTokenResponse{}); fault.ReasonOf(err) != fault.TokenRequired {
		t.Errorf("an unknown service, without a token: %v", err)
	}
	if err := conn.Invoke(t.Context(), "/koppi.dev.v1.DevService/yyyyy", &devv1.IssueTokenRequest{}, &devv1.IssueTokenResponse{}); fault.ReasonOf(err) != fault.TokenRequired {
		t.Errorf("an unknown method of ours: %v", err)
	}
	if got, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil || got.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("%v %v", got, err)
	}
	if !<-service.deadline {
		t.Error("a call has no deadline")
	}
	_ = conn.Close()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the server did not stop gracefully: %v", err)
	}
	if text := log.String(); strings.Contains(text, "xxxxx") || strings.Contains(text, "yyyyy") || strings.Contains(text, "no.Service") || !strings.Contains(text, `"reason":"INVALID_FIELD"`) {
		t.Errorf("the log holds what was sent, or lacks the outcome: %s", text)
	}
}

// withdrawals is a service that notes which consents are withdrawn.
type withdrawals struct {
	consentv1.UnimplementedConsentServiceServer

	subjects []string
}

func (w *withdrawals) WithdrawConsent(_ context.Context, r *consentv1.WithdrawConsentRequest) (*consentv1.WithdrawConsentResponse, error) {
	w.subjects = append(w.subjects, r.GetSubject())
	return &consentv1.WithdrawConsentResponse{}, nil
}

// A consent can be withdrawn on a matter whose UUID spells an identity code by chance.
func TestSubjectThatSpellsIdentityCode(t *testing.T) {
	verifier, err := identity.NewVerifier(identity.VerifierConfig{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	server := serve.NewGRPC(serve.Config{
		Logger: slog.New(slog.DiscardHandler), Verifier: verifier, Validator: validator, Public: func(string) bool { return true },
	})
	service := &withdrawals{}
	consentv1.RegisterConsentServiceServer(server, service)
	listener := serve.Memory()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve.GRPC(ctx, server, listener) }()
	conn, err := serve.Connect(listener)
	if err != nil {
		t.Fatal(err)
	}
	subject := "plans/c0de6a10-0198-709d-8a5f-c0de6a5fb0b1"
	if _, err := consentv1.NewConsentServiceClient(conn).WithdrawConsent(t.Context(), &consentv1.WithdrawConsentRequest{
		RequestId: "c0de6a10-0198-709d-8a5f-c0de6a5fb0b1", Subject: subject,
	}); err != nil || !slices.Equal(service.subjects, []string{subject}) {
		t.Errorf("%v, withdrawn on %q", err, service.subjects)
	}
	_ = conn.Close()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A server that is stopped before it has begun to serve stops without an error.
func TestStopBeforeServing(t *testing.T) {
	verifier, err := identity.NewVerifier(identity.VerifierConfig{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	for range 100 {
		server := serve.NewGRPC(serve.Config{Logger: slog.New(slog.DiscardHandler), Verifier: verifier})
		if err := serve.GRPC(ended, server, serve.Memory(), serve.Memory()); err != nil {
			t.Fatal(err)
		}
	}
}
