//go:build bench

package bench

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/config"
	"koppi.internal/deploy/suite"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/notify/redistest"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/service"
	serviceprogram "koppi.internal/pkg/service/program"
	"koppi.internal/pkg/transparency"
	"koppi.internal/services/concern"
)

const role = "koppi_concern"

// bench is a durable PostgreSQL with a database of the suite's, tables that pgbench
// writes beside it, and an empty gRPC server.
type bench struct {
	t      *testing.T
	server *postgrestest.Server
	// database of the suite, and secrets and directory of its processes.
	database, secrets, directory string
	// one is a replica of the service, and both that and a second one.
	one, both grpc.ClientConnInterface
	echoed    *grpc.ClientConn
	callers   *identity.TokenExchange
	// overTLS is a replica that is reached by mutual TLS, once it is asked for.
	overTLS grpc.ClientConnInterface
	worker  context.Context
	// pgb is pgbench.
	pgb   string
	redis *redistest.Server
	// migrated are the other services that have their databases.
	migrated map[string]bool
}

func newBench(t *testing.T) *bench {
	t.Helper()
	folder := t.TempDir()
	b := &bench{t: t, migrated: map[string]bool{}, server: postgrestest.Start(t), redis: redistest.Start(t), secrets: filepath.Join(folder, "secrets"), directory: filepath.Join(folder, "directory.json")}
	b.server.Exec("CREATE ROLE " + role + " LOGIN")
	b.database = b.server.Database("template1")
	b.migrate("concern", role)
	if err := os.WriteFile(b.directory, config.Directory, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.OpenKEK(filepath.Join(b.secrets, process.KEKFile)); err != nil {
		t.Fatal(err)
	}
	agencies, err := directory.Parse(config.Directory)
	if err != nil {
		t.Fatal(err)
	}
	_, err = identity.OpenSecrets(b.secrets)
	if err := errors.Join(err, transparency.MakeKeys(b.secrets)); err != nil {
		t.Fatal(err)
	}
	callers := process.Callers{Dev: true, Folder: b.secrets, Directory: agencies, Logger: slog.New(slog.DiscardHandler)}
	if b.callers, err = callers.Open(); err != nil {
		t.Fatal(err)
	}
	first, second := b.service(b.database), b.service(b.database)
	b.one, b.both, b.echoed = b.within(first), b.within(first, second), b.startEcho()
	b.worker = b.as(identity.Caller{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: identity.RoleBenefitHandler})
	b.plain()
	return b
}

func (b *bench) migrate(schema, role string) {
	b.t.Helper()
	if err := postgres.Migrate(b.t.Context(), postgres.Migration{
		Journal: b.server.DSN(b.database, "postgres", schema), Keys: b.server.DSN(b.database, "postgres", schema+"_keys"), Role: role,
	}); err != nil {
		b.t.Fatal(err)
	}
}

// service runs a replica of the concern service in this process and returns its address.
func (b *bench) service(database string) string {
	b.t.Helper()
	return b.serviceOf(concern.Name, role, database, func(deps service.Deps) (serviceprogram.Service, error) { return concern.New(deps) })
}

// other runs a replica of another service, in databases of its own.
func (b *bench) other(one suite.Service) string {
	b.t.Helper()
	role := "koppi_" + one.Name
	if !b.migrated[one.Name] {
		b.server.Exec("CREATE ROLE " + role + " LOGIN")
		b.migrate(one.Name, role)
		b.migrated[one.Name] = true
	}
	return b.serviceOf(one.Name, role, b.database, one.New)
}

// papers are folders beside the secrets.
func (b *bench) papers() process.AttachmentBuckets {
	return process.AttachmentBuckets{Attachments: "file://" + b.secrets + "-papers", AttachmentKeys: "file://" + b.secrets + "-paper-keys"}
}

func (b *bench) serviceOf(name, role, database string, build func(service.Deps) (serviceprogram.Service, error)) string {
	b.t.Helper()
	return b.listeningOf(name, role, database, process.Listening{}, build)
}

func (b *bench) listeningOf(name, role, database string, listening process.Listening, build func(service.Deps) (serviceprogram.Service, error)) string {
	b.t.Helper()
	address := freeAddress(b.t)
	listening.Listen = address
	service := serviceprogram.Config{
		Listening: listening, Dev: true, Secrets: b.secrets, Directory: b.directory,
		Journal: b.server.DSN(database, role, name), Keys: b.server.DSN(database, role, name+"_keys"), Redis: b.redis.URL(), Papers: b.papers(),
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- service.Run(ctx, name, build)
	}()
	b.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	})
	return address
}

// as is a context in which somebody calls.
func (b *bench) as(caller identity.Caller) context.Context {
	b.t.Helper()
	issuer, err := identity.OpenDevIssuer(b.secrets, dev.IssuerName)
	if err != nil {
		b.t.Fatal(err)
	}
	text, err := issuer.Issue(caller, time.Now(), 2*time.Hour)
	if err != nil {
		b.t.Fatal(err)
	}
	return metadata.AppendToOutgoingContext(b.t.Context(), "authorization", "Bearer "+text)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// within leads to replicas as a gateway does: callers are named by the suite's own token.
func (b *bench) within(addresses ...string) grpc.ClientConnInterface {
	b.t.Helper()
	return b.callers.Conn(b.dial(addresses...))
}

// dial leads to replicas, as the suite's own processes reach each other.
func (b *bench) dial(addresses ...string) *grpc.ClientConn {
	b.t.Helper()
	conn, err := process.Calling{}.Dial(addresses)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// startEcho serves what gRPC costs by itself.
func (b *bench) startEcho() *grpc.ClientConn {
	b.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	server := grpc.NewServer()
	healthv1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }()
	b.t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// plain makes the tables that pgbench writes: the journal's own, in another schema,
// and one of bare rows.
func (b *bench) plain() {
	b.t.Helper()
	path, err := exec.LookPath("pgbench")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
		if len(found) == 0 {
			b.t.Fatal("pgbench is missing: apt-get install postgresql")
		}
		path = found[len(found)-1]
	}
	b.pgb = path
	b.migrate("plain", "")
	conn := b.connect()
	if _, err := conn.Exec(b.t.Context(), "CREATE TABLE bare (id bigserial PRIMARY KEY, body bytea NOT NULL)"); err != nil {
		b.t.Fatal(err)
	}
}

// connect is a connection to the plain tables.
func (b *bench) connect() *pgx.Conn {
	b.t.Helper()
	conn, err := pgx.Connect(b.t.Context(), b.server.DSN(b.database, "postgres", "plain"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
