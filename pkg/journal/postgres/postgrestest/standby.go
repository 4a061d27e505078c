package postgrestest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/loopback/porttest"
)

// Standby creates a standby that streams from the server, and starts it. It has the server's
// settings and the given ones.
func (s *Server) Standby(tb testing.TB, name string, settings ...string) *Server {
	tb.Helper()
	standby := &Server{tb: tb, bin: s.bin, account: s.account, port: porttest.Free(tb), data: filepath.Join(s.Folder(), name)}
	s.Shell(fmt.Sprintf(`pg_basebackup -D %s -R -X stream -c fast -d 'application_name=%s'`, standby.data, name))
	standby.configure(fmt.Sprintf("port=%d", standby.port))
	standby.configure(settings...)
	standby.Up()
	tb.Cleanup(func() { standby.Down("immediate") })
	return standby
}

// configure appends lines to the server's configuration; the last line for a name is in force.
func (s *Server) configure(settings ...string) {
	s.tb.Helper()
	file, err := os.OpenFile(filepath.Join(s.data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.tb.Fatal(err)
	}
	for _, setting := range settings {
		_, _ = fmt.Fprintln(file, setting)
	}
	if err := file.Close(); err != nil {
		s.tb.Fatal(err)
	}
}

// WaitFor makes commits wait for the standby, and returns when the standby has the whole
// write-ahead log.
func (s *Server) WaitFor(name string) {
	s.tb.Helper()
	s.configure(fmt.Sprintf("synchronous_standby_names='FIRST 1 (\"%s\")'", name))
	s.Exec("SELECT pg_reload_conf()")
	s.until(`SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = '` + name + `' AND sync_state = 'sync')`)
}

// until polls until the query returns true.
func (s *Server) until(question string) {
	s.tb.Helper()
	conn, err := pgx.Connect(context.Background(), s.DSN("postgres", "postgres", "public"))
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) { //nolint:forbidigo // a server tells nobody when it is ready: it is asked
		var is bool
		if err := conn.QueryRow(context.Background(), question).Scan(&is); err != nil {
			s.tb.Fatal(err)
		}
		if is {
			return
		}
		if time.Now().After(deadline) { //nolint:forbidigo // a server tells nobody when it is ready: it is asked
			s.tb.Fatalf("the state was not reached: %s", question)
		}
	}
}

// Waiting returns when a commit is waiting for a standby.
func (s *Server) Waiting() {
	s.tb.Helper()
	s.until(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')`)
}

// Promote makes a standby the primary.
func (s *Server) Promote() {
	s.tb.Helper()
	s.tool("pg_ctl", "-D", s.data, "-w", "promote")
}
