//go:build bench

// Package bench measures the suite beside what the same servers do without it: all
// in one run, side by side, several times, since the machine is small and noisy.
// `make bench` prints the table and writes last.json.
package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/config"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/process"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern"
)

const (
	rounds = 3
	length = 5 * time.Second
)

// figure is the rates of one measurement, a round each.
type figure []float64

func (f figure) median() float64 {
	sorted := slices.Sorted(slices.Values(f))
	return sorted[len(sorted)/2]
}

func (f figure) String() string {
	return fmt.Sprintf("%.0f (%.0f–%.0f)", f.median(), slices.Min(f), slices.Max(f))
}

func TestBench(t *testing.T) {
	b := start(t)
	figures := map[string]figure{}
	measured := []struct {
		name string
		run  func() float64
	}{
		{"accepted_1", func() float64 { return b.accepted(1) }},
		{"accepted_8", func() float64 { return b.accepted(8) }},
		{"accepted_32", func() float64 { return b.accepted(32) }},
		{"accepted_128", func() float64 { return b.accepted(128) }},
		{"same_rows_32", func() float64 { return b.pgbench("rows.sql", 32) }},
		{"one_row_32", func() float64 { return b.pgbench("row.sql", 32) }},
		{"echo_32", func() float64 { return b.echo(32) }},
	}
	for range rounds {
		for _, m := range measured {
			figures[m.name] = append(figures[m.name], m.run())
		}
	}
	ratio := func(a, b string) float64 { return figures[a].median() / figures[b].median() }
	ratios := map[string]float64{
		"accepted_vs_same_rows_32": ratio("accepted_32", "same_rows_32"),
		"accepted_vs_pgbench_32":   ratio("accepted_32", "one_row_32"),
		"accepted_vs_pgbench_128":  ratio("accepted_128", "one_row_32"),
	}
	fmt.Printf("\n%d cores, %s; medians of %d interleaved rounds of %s (least–most), a second:\n\n", runtime.NumCPU(), runtime.GOARCH, rounds, length)
	for _, m := range measured {
		fmt.Printf("  %-14s %s\n", m.name, figures[m.name])
	}
	for name, value := range ratios {
		fmt.Printf("  %-26s %.2f\n", name, value)
	}
	text, err := json.MarshalIndent(map[string]any{"figures": figures, "ratios": ratios, "cores": runtime.NumCPU()}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("last.json", append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

// bench is one replica of the concern service over a durable PostgreSQL, beside
// tables that pgbench writes.
type bench struct {
	t      *testing.T
	server *postgrestest.Server
	conn   *grpc.ClientConn
	echoed *grpc.ClientConn
	ctx    context.Context
	// pgb is pgbench, and database where it writes.
	pgb, database string
}

func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, server: postgrestest.Start(t)}
	b.server.Exec("CREATE ROLE koppi_concern LOGIN")
	database := b.server.Database("template1")
	if err := postgres.Migrate(t.Context(), postgres.Migration{
		Journal: b.server.DSN(database, "postgres", "concern"), Keys: b.server.DSN(database, "postgres", "concern_keys"), Role: "koppi_concern",
	}); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	agencies := filepath.Join(folder, "directory.json")
	if err := os.WriteFile(agencies, config.Directory, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.OpenKEK(filepath.Join(folder, process.KEKFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := identity.OpenSecrets(folder); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	service := process.Service{
		Listening: process.Listening{Listen: address}, Dev: true, Secrets: folder, Directory: agencies,
		Journal: b.server.DSN(database, "koppi_concern", "concern"), Keys: b.server.DSN(database, "koppi_concern", "concern_keys"),
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- service.Run(ctx, concern.Name, func(parts process.Parts) (process.Built, error) {
			return concern.New(concern.Deps{
				Store: parts.Store, Directory: parts.Directory, Secrets: parts.Secrets, Clock: parts.Clock, Wake: parts.Wake,
				NewID: parts.NewID, Calls: parts.Calls, Logger: parts.Logger, AllowTestCodes: true,
			})
		})
	}()
	b.conn, b.echoed = dial(t, address), b.startEcho()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	b.ctx = metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token(t, folder))
	b.prepare(database)
	return b
}

func token(t *testing.T, folder string) string {
	t.Helper()
	issuer, err := identity.OpenDevIssuer(folder, dev.IssuerName)
	if err != nil {
		t.Fatal(err)
	}
	text, err := issuer.Issue(identity.Caller{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: identity.RoleBenefitHandler}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return text
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

func dial(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// startEcho serves what gRPC costs by itself.
func (b *bench) startEcho() *grpc.ClientConn {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	server := grpc.NewServer()
	healthv1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }()
	b.t.Cleanup(server.Stop)
	return dial(b.t, listener.Addr().String())
}

// rate counts calls a second of so many clients at once.
func (b *bench) rate(clients int, call func() error) float64 {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	var calls atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	for range clients {
		group.Go(func() {
			for ctx.Err() == nil {
				if err := call(); err != nil {
					b.t.Error(err)
					return
				}
				calls.Add(1)
			}
		})
	}
	group.Wait()
	return float64(calls.Load()) / time.Since(began).Seconds()
}

// accepted is reports accepted a second, durable, all to one pair of agencies.
func (b *bench) accepted(clients int) float64 {
	client := concernv1.NewConcernServiceClient(b.conn)
	return b.rate(clients, func() error {
		_, err := client.SubmitConcern(b.ctx, &concernv1.SubmitConcernRequest{
			RequestId: uuid.NewString(), Receiver: &commonv1.Party{Agency: "hva-pohjois-savo"}, Urgency: commonv1.Urgency_URGENCY_NORMAL,
			Client: &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen"}, Language: "fi"},
			Basis: &commonv1.LegalBasis{
				Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1", ConsentedAt: timestamppb.New(time.Now().Add(-time.Hour)),
			},
			Topics: []concernv1.Topic{concernv1.Topic_TOPIC_RENT_ARREARS}, Description: "Kaksi vuokraa maksamatta.",
		})
		return err
	})
}

func (b *bench) echo(clients int) float64 {
	client := healthv1.NewHealthClient(b.echoed)
	return b.rate(clients, func() error {
		_, err := client.Check(context.Background(), &healthv1.HealthCheckRequest{})
		return err
	})
}

// prepare makes the tables that pgbench writes: the journal's own, in another
// schema, and one of bare rows.
func (b *bench) prepare(database string) {
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
	if err := postgres.Migrate(b.t.Context(), postgres.Migration{Journal: b.server.DSN(database, "postgres", "plain"), Keys: b.server.DSN(database, "postgres", "plain_keys")}); err != nil {
		b.t.Fatal(err)
	}
	conn, err := pgx.Connect(b.t.Context(), b.server.DSN(database, "postgres", "plain"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(b.t.Context(), "CREATE TABLE bare (id bigserial PRIMARY KEY, body bytea NOT NULL)"); err != nil {
		b.t.Fatal(err)
	}
	b.database = database
}

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench runs a script, a transaction a time, and returns transactions a second.
func (b *bench) pgbench(script string, clients int) float64 {
	b.t.Helper()
	command := exec.Command(b.pgb, "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(int(length.Seconds())), "-f", script,
		"-h", "127.0.0.1", "-p", strconv.Itoa(b.server.Port()), "-U", "postgres", b.database)
	out, err := command.CombinedOutput()
	found := tps.FindSubmatch(out)
	if err != nil || found == nil {
		b.t.Fatalf("%v: %s", err, out)
	}
	rate, _ := strconv.ParseFloat(string(found[1]), 64)
	return rate
}
