package postgrestest

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Proxy is a TCP proxy to a server, whose connections a test can cut.
type Proxy struct {
	port   int
	mu     sync.Mutex
	server string
	ends   []net.Conn
}

// NewProxy starts a proxy to a server, on a free port of its own.
func NewProxy(tb testing.TB, server *Server) *Proxy {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{port: listener.Addr().(*net.TCPAddr).Port}
	p.Lead(server)
	tb.Cleanup(func() { _ = listener.Close(); p.Cut() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			p.join(near)
		}
	}()
	return p
}

func (p *Proxy) join(near net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	far, err := net.Dial("tcp", p.server)
	if err != nil {
		_ = near.Close()
		return
	}
	p.ends = append(p.ends, near, far)
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			_, _ = way[0].Close(), way[1].Close()
		}()
	}
}

// Lead directs new connections to another server from now on.
func (p *Proxy) Lead(server *Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.server = net.JoinHostPort("127.0.0.1", strconv.Itoa(server.Port()))
}

// Cut ends all connections; the proxy still accepts new ones.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, end := range p.ends {
		_ = end.Close()
	}
	p.ends = nil
}

// DSN returns the connection string with the proxy's port.
func (p *Proxy) DSN(dsn string) string {
	fields := strings.Fields(dsn)
	for i, field := range fields {
		if strings.HasPrefix(field, "port=") {
			fields[i] = "port=" + strconv.Itoa(p.port)
		}
	}
	return strings.Join(fields, " ")
}
