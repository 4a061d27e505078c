// Package redistest starts a Redis server for one test, in a temporary folder and on a free port, and stops
// it when the test ends.
package redistest

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"koppi.internal/pkg/loopback/porttest"
)

// Server is a Redis server that can be stopped and started.
type Server struct {
	tb      testing.TB
	folder  string
	port    int
	command *exec.Cmd
}

// Start starts a server.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb, folder: tb.TempDir(), port: porttest.Free(tb)}
	s.Up()
	tb.Cleanup(s.Down)
	return s
}

// URL returns the server's URL.
func (s *Server) URL() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", s.port) }

// Client returns a client of the server.
func (s *Server) Client() *redis.Client {
	s.tb.Helper()
	client := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", s.port)})
	s.tb.Cleanup(func() { _ = client.Close() })
	return client
}

// Up starts a stopped server and returns once it answers.
func (s *Server) Up() {
	s.tb.Helper()
	s.command = exec.Command("redis-server", "--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--dir", s.folder, "--save", "", "--appendonly", "no") //nolint:gosec // a test's own server
	if err := s.command.Start(); err != nil {
		s.tb.Fatal("Redis is missing: apt-get install redis-server: ", err)
	}
	client := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", s.port), MaxRetries: 100, MinRetryBackoff: 5 * time.Millisecond, MaxRetryBackoff: 50 * time.Millisecond})
	defer func() { _ = client.Close() }()
	if err := client.Ping(context.Background()).Err(); err != nil {
		s.tb.Fatal(err)
	}
}

// Down kills the server.
func (s *Server) Down() {
	if s.command == nil {
		return
	}
	_ = s.command.Process.Signal(syscall.SIGKILL)
	_ = s.command.Wait()
	s.command = nil
}
