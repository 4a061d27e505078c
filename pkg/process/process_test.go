package process_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"koppi.internal/pkg/process"
	"koppi.internal/pkg/process/certtest"
)

// Processes connect by mutual TLS: a caller with another CA's certificate, or without one, is refused.
func TestMutualTLS(t *testing.T) {
	ours, strangers := certtest.New(t), certtest.New(t)
	cert, key := ours.Issue("service")
	listener, err := process.Listening{Listen: "127.0.0.1:0", TLSCert: cert, TLSKey: key, ClientCA: ours.CA()}.Open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	healthv1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	gateway, gatewayKey := ours.Issue("gateway")
	stranger, strangerKey := strangers.Issue("stranger")
	for name, test := range map[string]struct {
		calling process.Calling
		fine    bool
	}{
		"the gateway":         {process.Calling{BackendCA: ours.CA(), BackendCert: gateway, BackendKey: gatewayKey}, true},
		"no certificate":      {process.Calling{BackendCA: ours.CA()}, false},
		"a stranger":          {process.Calling{BackendCA: ours.CA(), BackendCert: stranger, BackendKey: strangerKey}, false},
		"a stranger's server": {process.Calling{BackendCA: strangers.CA(), BackendCert: gateway, BackendKey: gatewayKey}, false},
		"plain":               {process.Calling{}, false},
	} {
		conn, err := test.calling.Dial([]string{listener.Addr().String()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if !test.fine {
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		}
		_, err = healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
		cancel()
		if (err == nil) != test.fine {
			t.Errorf("%s: %v", name, err)
		}
		_ = conn.Close()
	}
}

// A process does not start if it would serve or call over the network without TLS, or if its environment holds an
// unknown setting.
func TestRefusesToStart(t *testing.T) {
	if _, err := (process.Listening{Listen: "0.0.0.0:0"}).Open(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("without TLS on every address: %v", err)
	}
	if _, err := (process.Calling{}).Dial([]string{"concern.internal:9001"}); err == nil || !strings.Contains(err.Error(), "--backend-ca") {
		t.Errorf("services in the clear: %v", err)
	}
	parser, err := kong.New(&process.Listening{})
	if err != nil {
		t.Fatal(err)
	}
	for variable, known := range map[string]bool{"KOPPI_TLS_CERT=x": true, "KOPPI_TSL_CERT=x": false, "HOME=/": true} {
		if err := process.CheckEnvironment(parser.Model.Node, []string{variable}); (err == nil) != known {
			t.Errorf("%s: %v", variable, err)
		}
	}
}
