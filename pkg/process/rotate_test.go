package process_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"koppi.internal/pkg/process"
	"koppi.internal/pkg/process/certtest"
)

// mounted is a folder with the certificates of a service and a gateway.
type mounted struct {
	t      *testing.T
	folder string
}

func (m mounted) file(name string) string { return filepath.Join(m.folder, name) }

// place replaces the certificates by an authority's own and those that it issues.
func (m mounted) place(authority *certtest.Authority) {
	m.t.Helper()
	copied := map[string]string{"ca.pem": authority.CA()}
	for _, name := range []string{"service", "gateway"} {
		copied[name+".pem"], copied[name+".key"] = authority.Issue(name)
	}
	for name, from := range copied {
		text, err := os.ReadFile(from)
		if err != nil {
			m.t.Fatal(err)
		}
		if err := os.WriteFile(m.file(name), text, 0o600); err != nil {
			m.t.Fatal(err)
		}
	}
}

// serve answers health checks until it is stopped.
func serve(listener net.Listener) (stop func()) {
	server := grpc.NewServer()
	healthv1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }()
	return server.Stop
}

// A listener and a caller use a new CA and new certificates without a restart, and no longer trust the old CA.
func TestCertificatesAreReplaced(t *testing.T) {
	t.Parallel()
	before, after := certtest.New(t), certtest.New(t)
	m := mounted{t, t.TempDir()}
	m.place(before)
	listening := process.Listening{Listen: "127.0.0.1:0", TLSCert: m.file("service.pem"), TLSKey: m.file("service.key"), ClientCA: m.file("ca.pem")}
	listener, err := listening.Open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	stop := serve(listener)
	defer stop()
	calling := process.Calling{BackendCA: m.file("ca.pem"), BackendCert: m.file("gateway.pem"), BackendKey: m.file("gateway.key")}
	conn, err := calling.Dial([]string{listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	check := func() error {
		_, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
		return err
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
	m.place(after)
	follower, err := after.Config("other")
	if err != nil {
		t.Fatal(err)
	}
	for ; ; <-time.After(100 * time.Millisecond) {
		if err := shake(ctx, listener, follower); err == nil {
			break
		} else if ctx.Err() != nil {
			t.Fatalf("the listener keeps its old certificate: %v", err)
		}
	}
	left, err := before.Config("left")
	if err != nil {
		t.Fatal(err)
	}
	left.RootCAs = follower.RootCAs
	if err := shake(ctx, listener, left); err == nil || !strings.Contains(err.Error(), "remote error") {
		t.Errorf("a certificate of the old CA is accepted: %v", err)
	}
	if err := check(); err != nil {
		t.Errorf("an open connection broke: %v", err)
	}
	// A caller must connect again when its service was restarted.
	again := listening
	again.Listen = listener.Addr().String()
	stop()
	next, err := again.Open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer serve(next)()
	if err := check(); err != nil {
		t.Errorf("a caller that has called before does not use the new certificates: %v", err)
	}
}

// write replaces a file by the content of other files, one after the other.
func (m mounted) write(name string, from ...string) {
	m.t.Helper()
	var all []byte
	for _, path := range from {
		text, err := os.ReadFile(path)
		if err != nil {
			m.t.Fatal(err)
		}
		all = append(all, text...)
	}
	if err := os.WriteFile(m.file(name), all, 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// issue replaces a certificate by one that an authority issues.
func (m mounted) issue(authority *certtest.Authority, name string) {
	m.t.Helper()
	certificate, key := authority.Issue(name)
	m.write(name+".pem", certificate)
	m.write(name+".key", key)
}

// A CA is replaced in the steps of the runbook: both CAs are trusted, then the certificates are replaced, then only
// the new CA is trusted. No new connection is refused in between.
func TestCAIsReplaced(t *testing.T) {
	t.Parallel()
	before, after := certtest.New(t), certtest.New(t)
	m := mounted{t, t.TempDir()}
	m.place(before)
	listening := process.Listening{Listen: "127.0.0.1:0", TLSCert: m.file("service.pem"), TLSKey: m.file("service.key"), ClientCA: m.file("ca.pem")}
	listener, err := listening.Open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer serve(listener)()
	calling := process.Calling{BackendCA: m.file("ca.pem"), BackendCert: m.file("gateway.pem"), BackendKey: m.file("gateway.key")}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	calls := func() error {
		conn, err := calling.Dial([]string{listener.Addr().String()})
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		_, err = healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{}, grpc.WaitForReady(false))
		return err
	}
	of := func(shown, trusted *certtest.Authority) *tls.Config {
		config, err := shown.Config("probe")
		if err != nil {
			t.Fatal(err)
		}
		other, err := trusted.Config("probe")
		if err != nil {
			t.Fatal(err)
		}
		config.RootCAs = other.RootCAs
		return config
	}
	for _, one := range []struct {
		name string
		do   func()
		done func() bool
	}{
		{"both CAs", func() { m.write("ca.pem", before.CA(), after.CA()) }, func() bool {
			return shake(ctx, listener, of(after, before)) == nil
		}},
		{"certificates", func() { m.issue(after, "service"); m.issue(after, "gateway") }, func() bool {
			return shake(ctx, listener, of(before, after)) == nil
		}},
		{"new CA only", func() { m.write("ca.pem", after.CA()) }, func() bool {
			return shake(ctx, listener, of(before, after)) != nil
		}},
	} {
		one.do()
		for !one.done() {
			if ctx.Err() != nil {
				t.Fatalf("%s: it is never taken", one.name)
			}
			if err := calls(); err != nil {
				t.Fatalf("%s: %v", one.name, err)
			}
			<-time.After(50 * time.Millisecond)
		}
		if err := calls(); err != nil {
			t.Errorf("%s: %v", one.name, err)
		}
	}
}

// shake connects, and reads so that a refusal of the certificate comes.
func shake(ctx context.Context, listener net.Listener, config *tls.Config) error {
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", listener.Addr().String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}
