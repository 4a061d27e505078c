package process_test

import (
	"context"
	"net"
	"slices"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"

	"koppi.internal/pkg/process"
	"koppi.internal/pkg/process/certtest"
)

// names is a name server that knows one host, whose addresses change.
type names struct{ addresses atomic.Pointer[[][4]byte] }

func (n *names) set(addresses ...[4]byte) { n.addresses.Store(&addresses) }

func (n *names) serve(at net.PacketConn) {
	question := make([]byte, 512)
	for {
		size, from, err := at.ReadFrom(question)
		if err != nil {
			return
		}
		var asked dnsmessage.Message
		if asked.Unpack(question[:size]) != nil || len(asked.Questions) == 0 {
			continue
		}
		answer := dnsmessage.Message{Header: dnsmessage.Header{ID: asked.ID, Response: true, Authoritative: true}, Questions: asked.Questions}
		if q := asked.Questions[0]; q.Type == dnsmessage.TypeA {
			for _, address := range *n.addresses.Load() {
				answer.Answers = append(answer.Answers, dnsmessage.Resource{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: address},
				})
			}
		}
		packed, err := answer.Pack()
		if err == nil {
			_, err = at.WriteTo(packed, from)
		}
		if err != nil {
			return
		}
	}
}

// A host name stands for all replicas that have it now: calls are spread over them, and when a replica ends, the one
// that replaced it is found.
func TestOneNameForManyReplicas(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	known := &names{}
	known.set([4]byte{127, 0, 0, 1}, [4]byte{127, 0, 0, 2})
	go known.serve(server)
	ordinary := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = ordinary; _ = server.Close() })

	ca := certtest.New(t)
	cert, key := ca.Issue("concern", "concern.example")
	port := "0"
	replica := func(host string) *grpc.Server {
		listener, err := process.Listening{Listen: net.JoinHostPort(host, port), TLSCert: cert, TLSKey: key, ClientCA: ca.CA()}.Open(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ = net.SplitHostPort(listener.Addr().String())
		server := grpc.NewServer()
		healthv1.RegisterHealthServer(server, health.NewServer())
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(server.Stop)
		return server
	}
	first := replica("127.0.0.1")
	replica("127.0.0.2")
	replica("127.0.0.3")
	conn, err := process.Calling{BackendCA: ca.CA(), BackendCert: cert, BackendKey: key}.Dial([]string{net.JoinHostPort("concern.example", port)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	answeredBy(t, conn, "127.0.0.1", "127.0.0.2")
	known.set([4]byte{127, 0, 0, 2}, [4]byte{127, 0, 0, 3})
	first.GracefulStop()
	answeredBy(t, conn, "127.0.0.2", "127.0.0.3")
}

// answeredBy calls until each of the hosts has answered. No call may fail.
func answeredBy(t *testing.T, conn *grpc.ClientConn, hosts ...string) {
	t.Helper()
	var answered []string
	for !slices.Equal(slices.Compact(slices.Sorted(slices.Values(answered))), hosts) {
		var by peer.Peer
		if _, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}, grpc.Peer(&by)); err != nil {
			t.Fatal(err)
		}
		host, _, _ := net.SplitHostPort(by.Addr.String())
		answered = append(answered, host)
	}
}
