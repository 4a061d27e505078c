package callback

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/process/certtest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// The endpoint accepts no message that Koppi did not sign.
func TestCallbackSignature(t *testing.T) {
	e := partnertest.NewEndpoint(t)
	newCalled(t, "CONNECT", e.Address, callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)})
	box := partnertest.OpenInbox(t, "kela")
	defer func() { _ = box.Close() }()
	e.Handle(box.Endpoint(t, partnertest.OldCallbackSecret).ServeHTTP)
	path := e.Address + exchangev1.CallbackService_Deliver_FullMethodName
	for name, header := range map[string]http.Header{
		"unsigned": {},
		"forged":   {"Webhook-Id": {"msg_1"}, "Webhook-Timestamp": {fmt.Sprint(time.Now().Unix())}, "Webhook-Signature": {"v1,AAAA"}},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = header
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
}

// Over gRPC, the endpoint authenticates Koppi by its certificate, and Koppi the endpoint by the
// endpoint's: Koppi sends nothing to an endpoint with another certificate.
func TestCallbackOverGRPC(t *testing.T) {
	ours, strangers := certtest.New(t), certtest.New(t)
	cert, key := ours.Issue("koppi")
	settings := callback.Settings{CallbackCert: cert, CallbackKey: key, CallbackCA: ours.CA()}
	for name, of := range map[string]struct {
		server *certtest.Authority
		fine   bool
	}{"the agency": {ours, true}, "a stranger": {strangers, false}} {
		t.Run(name, func(t *testing.T) {
			cert, key := of.server.Issue("endpoint")
			listener, err := process.Listening{Listen: "127.0.0.1:0", TLSCert: cert, TLSKey: key, ClientCA: ours.CA()}.Open(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			refused := make(chan error, 16)
			server := grpc.NewServer()
			box := partnertest.OpenInbox(t, "kela")
			defer func() { _ = box.Close() }()
			exchangev1.RegisterCallbackServiceServer(server, box.Endpoint(t))
			go func() { _ = server.Serve(shaking{listener, refused}) }()
			defer server.Stop()
			f := newCalled(t, "GRPC", "https://"+listener.Addr().String(), settings)
			if _, err := concernv1.NewConcernServiceClient(f.Conn()).SubmitConcern(f.As("kela"), testkit.Submission()); err != nil {
				t.Fatal(err)
			}
			if of.fine {
				box.Reach(t, 1)
				return
			}
			if err := <-refused; err == nil {
				t.Error("a stranger's certificate was believed")
			}
			if position, _ := box.Position(t.Context()); len(position.Heads) > 0 {
				t.Error("a stranger got messages")
			}
		})
	}
}

// shaking tells how TLS handshakes end.
type shaking struct {
	net.Listener
	ends chan error
}

func (s shaking) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if secured, ok := conn.(*tls.Conn); ok {
		go func() {
			select {
			case s.ends <- secured.HandshakeContext(context.Background()):
			default:
			}
		}()
	}
	return conn, err
}

// Koppi does not start with callback settings with which it could not call.
func TestCallbackRefusesToStart(t *testing.T) {
	for name, test := range map[string]struct {
		protocol, url string
		settings      callback.Settings
		says          string
	}{
		"no secret":         {"CONNECT", "https://kela.test", callback.Settings{}, "no secret"},
		"no certificate":    {"GRPC", "https://kela.test", callback.Settings{}, "--callback-cert"},
		"nobody's secret":   {"GRPC", "https://kela.test", callback.Settings{CallbackSecrets: filepath.Join(t.TempDir(), "missing.json")}, "missing"},
		"an empty secret":   {"CONNECT", "https://kela.test", callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, "whsec_")}, "short"},
		"a secret unmarked": {"CONNECT", "https://kela.test", callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, "c2VjcmV0")}, "whsec_"},
	} {
		agencies := testkit.Must(directory.Parse(partnertest.CallbackDirectory(t, test.protocol, test.url)))
		koppi, err := allinone.Open(t.Context(), allinone.Config{
			Data: t.TempDir(), Directory: agencies, Dev: true, Callbacks: test.settings, Logger: slog.New(slog.NewTextHandler(leaktest.LogWriter(), nil)),
		})
		if err == nil {
			_ = koppi.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
