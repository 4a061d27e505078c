package clustertest

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"koppi.internal/deploy/compose"
	"koppi.internal/deploy/config"
	all "koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/notify/redistest"
	"koppi.internal/pkg/process"
)

// Role is the database role of a service.
func Role(service string) string { return "koppi_" + service }

// Unlimited are the flags of processes that one test's worker calls as fast as it can.
func Unlimited() []string {
	return []string{"--calls-per-second", "0", "--worker-calls-per-second", "0", "--calls-at-once", "0", "--streams-at-once", "0"}
}

// Environment is what the processes of clusters share: PostgreSQL, Redis, secrets and the directory,
// which the commands of an operator have prepared.
type Environment struct {
	Postgres *postgrestest.Server
	// Keyring is the server of the keys. It is Postgres unless the keys have a server of their own.
	Keyring *postgrestest.Server
	Redis   *redistest.Server
	// Secrets is the folder of the secrets, and Directory the directory's file.
	Secrets, Directory string

	// A test may change the following before it starts a cluster.

	// Program returns the path of a command's program; Build unless another version runs.
	Program func(t testing.TB, command string) string
	// Env are further environment variables of all processes, as "NAME=value".
	Env []string
	// GatewayFlags are further flags of gateways.
	GatewayFlags []string
	// Observed has all processes serve metrics.
	Observed bool
	// Reach changes the connection strings, for example so that they lead through a proxy.
	Reach func(dsn string) string

	t        testing.TB
	template string
}

// NewEnvironment starts the servers, PostgreSQL with settings such as "fsync=off".
func NewEnvironment(t testing.TB, settings ...string) *Environment {
	t.Helper()
	server := postgrestest.Start(t, settings...)
	return NewEnvironmentOn(t, Build, server, server)
}

// NewEnvironmentOn prepares an environment on servers that run, by the programs of a version.
func NewEnvironmentOn(t testing.TB, program func(testing.TB, string) string, server, keyring *postgrestest.Server) *Environment {
	t.Helper()
	folder := t.TempDir()
	e := &Environment{
		t: t, Program: program, Postgres: server, Keyring: keyring, Redis: redistest.Start(t),
		Secrets: filepath.Join(folder, "secrets"), Directory: filepath.Join(folder, "directory.json"),
	}
	if err := os.WriteFile(e.Directory, config.Directory, 0o600); err != nil {
		t.Fatal(err)
	}
	e.template = e.databaseOf("template1")
	for _, service := range all.Services {
		e.EachServer(func(at *postgrestest.Server) { at.Exec("CREATE ROLE " + Role(service.Name) + " LOGIN") })
		RunProgram(t, program(t, KoppiCommand), "migrate", "--journal", e.Postgres.DSN(e.template, "postgres", service.Name),
			"--keys", e.Keyring.DSN(e.template, "postgres", service.Name+"_keys"), "--role", Role(service.Name))
	}
	RunProgram(t, program(t, KoppiCommand), "secrets", "--out", e.Secrets, "--dev")
	return e
}

// EachServer does something on each PostgreSQL server.
func (e *Environment) EachServer(do func(*postgrestest.Server)) {
	do(e.Postgres)
	if e.Keyring != e.Postgres {
		do(e.Keyring)
	}
}

// NewDatabase creates a database, migrated for all services, under one name on each server.
func (e *Environment) NewDatabase() string { return e.databaseOf(e.template) }

func (e *Environment) databaseOf(template string) (name string) {
	e.EachServer(func(at *postgrestest.Server) { name = at.Database(template) })
	return name
}

// Flags are the flags that every process of a cluster has; without --dev. Each call makes another pair
// of folders for attachments.
func (e *Environment) Flags() []string {
	folder := e.t.TempDir()
	return append([]string{
		"--secrets", e.Secrets, "--directory", e.Directory, "--redis", e.Redis.URL(),
		"--attachments", "file://" + filepath.Join(folder, "attachments"), "--attachment-keys", "file://" + filepath.Join(folder, "keys"),
	}, Unlimited()...)
}

// Callers authenticates to services as a gateway does, which names the callers to them.
func (e *Environment) Callers(conn *grpc.ClientConn) grpc.ClientConnInterface {
	callers := process.Callers{Dev: true, Folder: e.Secrets, Directory: testkit.Must(directory.Load(e.Directory)), Logger: slog.New(slog.DiscardHandler)}
	return testkit.Must(callers.Open()).Conn(conn)
}

// ComposeGoEnv are the settings of Go's runtime that compose.yaml gives a service, as "NAME=value".
func ComposeGoEnv(t testing.TB) (settings []string) {
	t.Helper()
	for name, value := range testkit.Must(compose.Read(t.Context(), testkit.Path("deploy/compose.yaml"))).Services["concern"].Environment {
		if strings.HasPrefix(name, "GO") {
			settings = append(settings, name+"="+*value)
		}
	}
	return settings
}
