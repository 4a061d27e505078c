package process_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"koppi.internal/pkg/process"
)

// authority is a CA of a test's own, in files.
type authority struct {
	t      *testing.T
	folder string
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, folder: t.TempDir()}
	a.key = a.newKey()
	a.cert = a.sign("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, a.key, nil)
	return a
}

func (a *authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

func (a *authority) sign(name string, template *x509.Certificate, key *ecdsa.PrivateKey, parent *x509.Certificate) *x509.Certificate {
	a.t.Helper()
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(name+".pem", "CERTIFICATE", der)
	a.write(name+".key", "EC PRIVATE KEY", private)
	return cert
}

func (a *authority) write(name, kind string, der []byte) {
	if err := os.WriteFile(a.file(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) file(name string) string { return filepath.Join(a.folder, name) }

// issue makes a certificate for this machine, for servers and callers.
func (a *authority) issue(name string) (cert, key string) {
	a.sign(name, &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.newKey(), a.cert)
	return a.file(name + ".pem"), a.file(name + ".key")
}

// Processes reach each other by mutual TLS: neither a stranger's certificate nor
// none gets through.
func TestMutualTLS(t *testing.T) {
	ours, strangers := newAuthority(t), newAuthority(t)
	cert, key := ours.issue("service")
	listener, err := process.Listening{Listen: "127.0.0.1:0", TLSCert: cert, TLSKey: key, ClientCA: ours.file("ca.pem")}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	healthv1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	gateway, gatewayKey := ours.issue("gateway")
	stranger, strangerKey := strangers.issue("stranger")
	for name, test := range map[string]struct {
		calling process.Calling
		fine    bool
	}{
		"the gateway":         {process.Calling{BackendCA: ours.file("ca.pem"), BackendCert: gateway, BackendKey: gatewayKey}, true},
		"no certificate":      {process.Calling{BackendCA: ours.file("ca.pem")}, false},
		"a stranger":          {process.Calling{BackendCA: ours.file("ca.pem"), BackendCert: stranger, BackendKey: strangerKey}, false},
		"a stranger's server": {process.Calling{BackendCA: strangers.file("ca.pem"), BackendCert: gateway, BackendKey: gatewayKey}, false},
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

// What would be open to the network without TLS refuses to start, and so does what
// lacks a secret or is told of unknown settings.
func TestRefusesToStart(t *testing.T) {
	if _, err := (process.Listening{Listen: "0.0.0.0:0"}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("without TLS on every address: %v", err)
	}
	if _, err := (process.Calling{}).Dial([]string{"concern.internal:9001"}); err == nil || !strings.Contains(err.Error(), "--backend-ca") {
		t.Errorf("services in the clear: %v", err)
	}
	built := func(process.Parts) (process.Built, error) { panic("not built") }
	for name, test := range map[string]struct {
		config process.Service
		says   string
	}{
		"no secrets":   {process.Service{Secrets: t.TempDir()}, "koppi secrets"},
		"no client CA": {process.Service{Listening: process.Listening{TLSCert: "x", TLSKey: "y"}}, "--client-ca"},
	} {
		if err := test.config.Run(t.Context(), "concern", built); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	parser, err := kong.New(&process.Service{})
	if err != nil {
		t.Fatal(err)
	}
	for variable, known := range map[string]bool{"KOPPI_JOURNAL=x": true, "KOPPI_JUORNAL=x": false, "HOME=/": true} {
		if err := process.CheckEnvironment(parser.Model.Node, []string{variable}); (err == nil) != known {
			t.Errorf("%s: %v", variable, err)
		}
	}
}
