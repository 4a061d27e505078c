// Package postgrestest starts a PostgreSQL server for one test: in a temporary folder, on a free
// port. The server stops when the test ends.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/loopback/porttest"
)

// Server is a running PostgreSQL.
type Server struct {
	tb      testing.TB
	bin     string
	data    string
	port    int
	account *syscall.Credential
	count   atomic.Int64
}

// Start starts a server, with settings such as "fsync=off".
func Start(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	s := &Server{tb: tb, bin: binaries(tb), port: porttest.Free(tb)}
	folder, err := os.MkdirTemp("", "koppi-postgres-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(folder) })
	s.data = filepath.Join(folder, "data")
	if os.Getuid() == 0 {
		// PostgreSQL refuses to run as root.
		s.account = postgresAccount(tb)
		if err := os.Chown(folder, int(s.account.Uid), int(s.account.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	s.create()
	s.configure(slices.Concat([]string{
		fmt.Sprintf("port=%d", s.port), "listen_addresses='127.0.0.1'", fmt.Sprintf("unix_socket_directories='%s'", folder), "max_connections=200",
	}, settings)...)
	s.Up()
	tb.Cleanup(func() { s.Down("immediate") })
	return s
}

// Running returns the server that another test has started on a port. It can be reached, and not be stopped.
func Running(tb testing.TB, port int) *Server { return &Server{tb: tb, port: port} }

// Up starts the server after Down.
func (s *Server) Up() { s.tool("pg_ctl", "-D", s.data, "-w", "-l", s.data+".log", "start") }

// Down stops the server, with the mode "fast" for an orderly stop or "immediate" for a crash. It
// does nothing where the server is down.
func (s *Server) Down(mode string) {
	if _, err := os.Stat(filepath.Join(s.data, "postmaster.pid")); errors.Is(err, os.ErrNotExist) {
		return
	}
	s.tool("pg_ctl", "-D", s.data, "-w", "-m", mode, "stop")
}

// TB returns the test that started the server.
func (s *Server) TB() testing.TB { return s.tb }

// Port returns the port on which the server listens.
func (s *Server) Port() int { return s.port }

// DSN returns a connection string for a database and a role, whose search path is the schema.
func (s *Server) DSN(database, role, schema string) string {
	return fmt.Sprintf("host=127.0.0.1 port=%d dbname=%s user=%s search_path=%s sslmode=disable", s.port, database, role, schema)
}

// Database creates a database for the caller alone, as a copy of a template such as template1, and
// returns its name.
func (s *Server) Database(template string) string {
	s.tb.Helper()
	name := fmt.Sprintf("koppi_%d", s.count.Add(1))
	s.Exec("CREATE DATABASE " + name + " TEMPLATE " + template)
	return name
}

// Exec runs a statement as the server's superuser.
func (s *Server) Exec(statement string) {
	s.tb.Helper()
	conn, err := pgx.Connect(context.Background(), s.DSN("postgres", "postgres", "public"))
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(context.Background(), statement); err != nil {
		s.tb.Fatal(err)
	}
}

// Folder returns a folder of the server's account, for backups and similar files.
func (s *Server) Folder() string { return filepath.Dir(s.data) }

// Shell runs a script as the server's account. PostgreSQL's tools are in its path, the variables by
// which they find the server are set, and so are the given ones, such as "NAME=value".
func (s *Server) Shell(script string, variables ...string) {
	s.tb.Helper()
	s.run(slices.Concat(variables, []string{
		"PGDATA=" + s.data, "PGHOST=127.0.0.1", fmt.Sprintf("PGPORT=%d", s.port), "PGUSER=postgres", "PGDATABASE=postgres",
	}), "/bin/bash", "-euo", "pipefail", "-c", script)
	if s.tb.Failed() {
		log, _ := os.ReadFile(s.data + ".log")
		s.tb.Fatalf("its log: %s", log)
	}
}

// tool runs one of PostgreSQL's tools.
func (s *Server) tool(name string, args ...string) {
	s.tb.Helper()
	s.run(nil, filepath.Join(s.bin, name), args...)
}

func (s *Server) run(variables []string, name string, args ...string) {
	s.tb.Helper()
	command := exec.Command(name, args...) //nolint:gosec // PostgreSQL's own tools, and a test's script
	command.Dir = "/"
	command.Env = slices.Concat(variables, []string{"PATH=" + s.bin + ":/usr/bin:/bin", "LANG=C.UTF-8"})
	if s.account != nil {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: s.account}
	}
	log, err := os.CreateTemp("", "koppi-postgres-log-")
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _, _ = log.Close(), os.Remove(log.Name()) }()
	// The output goes to a file, because the server keeps running and would keep a pipe open.
	command.Stdout, command.Stderr = log, log
	if err := command.Run(); err != nil {
		out, _ := os.ReadFile(log.Name())
		s.tb.Errorf("%s: %v: %s", name, err, out)
	}
}

// binaries returns the folder of PostgreSQL's tools, which it looks for beside the server program
// where only that is in the path.
func binaries(tb testing.TB) string {
	tb.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err != nil {
			tb.Fatal(err)
		}
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		tb.Fatal("PostgreSQL is missing: apt-get install postgresql")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1])
}

func postgresAccount(tb testing.TB) *syscall.Credential {
	tb.Helper()
	account, err := user.Lookup("postgres")
	if err != nil {
		tb.Fatal("PostgreSQL does not run as root, and there is no account postgres: apt-get install postgresql")
	}
	uid, _ := strconv.ParseUint(account.Uid, 10, 32)
	gid, _ := strconv.ParseUint(account.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
