package postgrestest

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Line is a TCP proxy to a server, whose connections a test can cut.
type Line struct {
	port   int
	mu     sync.Mutex
	server string
	ends   []net.Conn
}

// NewLine opens a line to a server, on a free port of its own.
func NewLine(tb testing.TB, server *Server) *Line {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	l := &Line{port: listener.Addr().(*net.TCPAddr).Port}
	l.Lead(server)
	tb.Cleanup(func() { _ = listener.Close(); l.Cut() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			l.join(near)
		}
	}()
	return l
}

func (l *Line) join(near net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	far, err := net.Dial("tcp", l.server)
	if err != nil {
		_ = near.Close()
		return
	}
	l.ends = append(l.ends, near, far)
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			_, _ = way[0].Close(), way[1].Close()
		}()
	}
}

// Lead directs new connections to another server from now on.
func (l *Line) Lead(server *Server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server = net.JoinHostPort("127.0.0.1", strconv.Itoa(server.Port()))
}

// Cut ends all connections; the line still accepts new ones.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, end := range l.ends {
		_ = end.Close()
	}
	l.ends = nil
}

// DSN returns the connection string with the line's port.
func (l *Line) DSN(dsn string) string {
	fields := strings.Fields(dsn)
	for i, field := range fields {
		if strings.HasPrefix(field, "port=") {
			fields[i] = "port=" + strconv.Itoa(l.port)
		}
	}
	return strings.Join(fields, " ")
}
