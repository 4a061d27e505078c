//go:build bench

package bench

import (
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/service/program"
	"koppi.internal/services/concern"
)

// harness is a durable PostgreSQL with a database of Koppi, tables that pgbench writes beside it, and
// an empty gRPC server.
type harness struct {
	t        *testing.T
	env      *clustertest.Environment
	database string
	// attachments are the folders of the services in this process.
	attachments process.AttachmentBuckets
	// one is a replica of the service, and both that and a second one.
	one, both grpc.ClientConnInterface
	echoed    *grpc.ClientConn
	// overTLS is a replica that is reached by mutual TLS; nil until secured.
	overTLS grpc.ClientConnInterface
	worker  context.Context
	// clock stops the time of services that are started; the zero time for the present.
	clock time.Time
	// pgb is the path of pgbench.
	pgb string
}

func newHarness(t *testing.T, settings ...string) *harness {
	t.Helper()
	folder := t.TempDir()
	h := &harness{t: t, env: clustertest.NewEnvironment(t, settings...), attachments: process.AttachmentBuckets{
		Attachments: "file://" + filepath.Join(folder, "attachments"), AttachmentKeys: "file://" + filepath.Join(folder, "keys"),
	}}
	h.database = h.env.NewDatabase()
	first, second := h.service(h.database), h.service(h.database)
	h.one, h.both, h.echoed = h.replicas(first), h.replicas(first, second), h.startEcho()
	h.worker = h.as(identity.Caller{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: identity.RoleBenefitHandler})
	h.plain()
	return h
}

// service runs a replica of the concern service in this process, in a database, and returns its
// address.
func (h *harness) service(database string) string {
	h.t.Helper()
	return h.listeningOf(concern.Name, database, process.Listening{}, func(deps service.Deps) (program.Service, error) { return concern.New(deps) })
}

// other runs a replica of another service in this process.
func (h *harness) other(one suite.Service) string {
	h.t.Helper()
	return h.listeningOf(one.Name, h.database, process.Listening{}, one.New)
}

func (h *harness) listeningOf(name, database string, listening process.Listening, build func(service.Deps) (program.Service, error)) string {
	h.t.Helper()
	address := testkit.FreeAddress(h.t)
	listening.Listen = address
	service := program.Config{
		Listening: listening, Dev: true, Secrets: h.env.Secrets, Directory: h.env.Directory,
		Journal: h.env.Postgres.DSN(database, clustertest.Role(name), name), Keys: h.env.Postgres.DSN(database, clustertest.Role(name), name+"_keys"),
		Redis: h.env.Redis.URL(), Papers: h.attachments, Clock: h.clock,
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- service.Run(ctx, name, build)
	}()
	h.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			h.t.Error(err)
		}
	})
	return address
}

// as is a context in which somebody calls.
func (h *harness) as(caller identity.Caller) context.Context {
	h.t.Helper()
	issuer, err := identity.OpenDevIssuer(h.env.Secrets, dev.IssuerName)
	if err != nil {
		h.t.Fatal(err)
	}
	text, err := issuer.Issue(caller, time.Now(), 2*time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	return testkit.WithToken(h.t, text)
}

// replicas returns a connection to replicas of a service as a gateway has it, which names the callers
// to the service.
func (h *harness) replicas(addresses ...string) grpc.ClientConnInterface {
	h.t.Helper()
	conn, err := process.Calling{}.Dial(addresses)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	return h.env.Callers(conn)
}

// startEcho serves an empty gRPC server, which costs what gRPC costs by itself.
func (h *harness) startEcho() *grpc.ClientConn {
	h.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	server := grpc.NewServer()
	healthv1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }()
	h.t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// plain makes the tables that pgbench writes: the journal's own, in another schema,
// and one of bare rows.
func (h *harness) plain() {
	h.t.Helper()
	path, err := exec.LookPath("pgbench")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
		if len(found) == 0 {
			h.t.Fatal("pgbench is missing: apt-get install postgresql")
		}
		path = found[len(found)-1]
	}
	h.pgb = path
	if err := postgres.Migrate(h.t.Context(), postgres.Migration{
		Journal: h.env.Postgres.DSN(h.database, "postgres", "plain"), Keys: h.env.Postgres.DSN(h.database, "postgres", "plain_keys"),
	}); err != nil {
		h.t.Fatal(err)
	}
	conn := h.connect()
	if _, err := conn.Exec(h.t.Context(), "CREATE TABLE bare (id bigserial PRIMARY KEY, body bytea NOT NULL)"); err != nil {
		h.t.Fatal(err)
	}
}

// connect is a connection to the plain tables.
func (h *harness) connect() *pgx.Conn {
	h.t.Helper()
	conn, err := pgx.Connect(h.t.Context(), h.env.Postgres.DSN(h.database, "postgres", "plain"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
