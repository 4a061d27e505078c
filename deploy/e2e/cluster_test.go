package e2e

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/config"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/scenarios"
	all "koppi.internal/deploy/suite"
	front "koppi.internal/gateway/suite"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/notify/redistest"
	"koppi.internal/pkg/process"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	"koppi.internal/services/concern"
)

// roleOf is the database role of a service.
func roleOf(service string) string { return "koppi_" + service }

// unlimited are the flags of processes that one test's worker calls as fast as it can.
var unlimited = []string{"--calls-per-second", "0", "--worker-calls-per-second", "0", "--calls-at-once", "0", "--streams-at-once", "0"}

// ground is what the processes of a cluster share: servers, secrets and directory,
// made by the commands that an operator uses.
type ground struct {
	t        *testing.T
	postgres *postgrestest.Server
	// keyring is the server of the keys, where they have one of their own.
	keyring   *postgrestest.Server
	redis     *redistest.Server
	secrets   string
	directory string
	template  string
	// program builds a command of the version that runs.
	program func(t *testing.T, command string) string
	// env are further variables of all processes, and gateway further flags of gateways.
	env, gateway []string
	// observed processes tell their metrics.
	observed bool
	// reach makes a connection string one that leads by other ways; nil leaves it.
	reach func(dsn string) string
}

func newGround(t *testing.T, settings ...string) *ground {
	t.Helper()
	server := postgrestest.Start(t, settings...)
	return newGroundOf(t, program, server, server)
}

func newGroundOf(t *testing.T, program func(*testing.T, string) string, server, keyring *postgrestest.Server) *ground {
	t.Helper()
	folder := t.TempDir()
	g := &ground{
		t: t, program: program, postgres: server, keyring: keyring, redis: redistest.Start(t),
		secrets: filepath.Join(folder, "secrets"), directory: filepath.Join(folder, "directory.json"),
	}
	if err := os.WriteFile(g.directory, config.Directory, 0o600); err != nil {
		t.Fatal(err)
	}
	g.template = g.database("template1")
	for _, service := range all.Services {
		g.each(func(at *postgrestest.Server) { at.Exec("CREATE ROLE " + roleOf(service.Name) + " LOGIN") })
		runsAt(t, program(t, koppiProgram), "migrate", "--journal", g.postgres.DSN(g.template, "postgres", service.Name),
			"--keys", g.keyring.DSN(g.template, "postgres", service.Name+"_keys"), "--role", roleOf(service.Name))
	}
	runsAt(t, program(t, koppiProgram), "secrets", "--out", g.secrets, "--dev")
	return g
}

// each does something on each server.
func (g *ground) each(do func(*postgrestest.Server)) {
	do(g.postgres)
	if g.keyring != g.postgres {
		do(g.keyring)
	}
}

// database makes one of the same name on each server.
func (g *ground) database(template string) (name string) {
	g.each(func(at *postgrestest.Server) { name = at.Database(template) })
	return name
}

// cluster is the suite as separate processes over a database of its own.
type cluster struct {
	*ground
	t        *testing.T
	database string
	services map[string][]*daemon
	gateways []*daemon
	// metrics are where observed processes tell theirs.
	metrics []string
}

// cluster starts so many replicas of the named services and of the gateway, and one of
// each other service.
func (g *ground) cluster(t *testing.T, replicas int, scaled []string, extra ...string) *cluster {
	t.Helper()
	c := &cluster{ground: g, t: t, database: g.database(g.template), services: map[string][]*daemon{}}
	papers := append(g.papers(), unlimited...)
	gateway := append(append([]string{"--dev", "--redis", g.redis.URL(), "--secrets", g.secrets, "--directory", g.directory}, papers...), g.gateway...)
	for _, service := range all.Services {
		args := append([]string{
			"--dev", "--journal", c.journal(service.Name), "--keys", c.keys(service.Name),
			"--secrets", g.secrets, "--directory", g.directory, "--redis", g.redis.URL(),
		}, append(papers, extra...)...)
		for i := range replicas {
			if i > 0 && !slices.Contains(scaled, service.Name) {
				break
			}
			d := c.measured(newDaemonAt(t, g.program(t, serviceProgram(service.Name)), args...))
			d.env = g.env
			d.start()
			c.services[service.Name] = append(c.services[service.Name], d)
			gateway = append(gateway, "--"+service.Name, d.address)
		}
	}
	for range replicas {
		d := c.measured(newDaemonAt(t, g.program(t, gatewayProgram), gateway...))
		d.env = g.env
		d.start()
		c.gateways = append(c.gateways, d)
	}
	return c
}

// papers are the flags of a pair of buckets: folders that all processes share.
func (g *ground) papers() []string {
	folder := g.t.TempDir()
	return []string{"--attachments", "file://" + filepath.Join(folder, "papers"), "--attachment-keys", "file://" + filepath.Join(folder, "keys")}
}

func (c *cluster) journal(service string) string {
	return c.by(c.postgres.DSN(c.database, roleOf(service), service))
}

func (c *cluster) keys(service string) string {
	return c.by(c.keyring.DSN(c.database, roleOf(service), service+"_keys"))
}

func (g *ground) by(dsn string) string {
	if g.reach == nil {
		return dsn
	}
	return g.reach(dsn)
}

// fsck ends all processes, since a journal is verified at rest, verifies all journals and
// returns the ends of the concern service's mailboxes.
func (c *cluster) fsck() map[string]journal.Position {
	c.t.Helper()
	c.end()
	var heads map[string]journal.Position
	for _, service := range all.Services {
		if found := c.fsckOf(service.Name); service.Name == concern.Name {
			heads = found
		}
	}
	return heads
}

func (c *cluster) fsckOf(service string) map[string]journal.Position {
	c.t.Helper()
	kek, err := seal.OpenKEK(filepath.Join(c.secrets, process.KEKFile))
	if err != nil {
		c.t.Fatal(err)
	}
	store, err := postgres.Open(context.Background(), postgres.Config{
		Journal: c.journal(service), Keys: c.keys(service), KEK: kek,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := checked(store, service); err != nil {
		c.t.Error(err)
	}
	heads, err := store.Positions(context.Background())
	if err := errors.Join(err, store.Close()); err != nil {
		c.t.Error(err)
	}
	return heads
}

// The scenarios pass against separate processes on PostgreSQL and Redis, over each transport.
func TestScenariosDistributed(t *testing.T) {
	cases, err := scenario.Load(scenarios.Files)
	if err != nil {
		t.Fatal(err)
	}
	g := newGround(t, "fsync=off")
	told := newCollector(t)
	g.gateway = []string{"--otlp", told.address}
	t.Run("cases", func(t *testing.T) { g.replay(t, served(cases), told.address) })
	if left.count(leftTrace) == 0 {
		t.Error("nothing was told of the scenarios")
	}
}

func (g *ground) replay(t *testing.T, cases []scenario.Scenario, told string) {
	names := []string{"connect-json", "grpc-gateway", "grpc-service"}
	for i, s := range cases {
		// Each case takes one of the ways in, and all of them in the long form: TestScenarios
		// takes all, in one process.
		ways := names[i%len(names):][:1]
		if soaked("SOAK_ROUNDS", 0) > 0 {
			ways = names
		}
		for _, name := range ways {
			t.Run(name+"/"+s.Name, func(t *testing.T) {
				t.Parallel()
				c := g.cluster(t, 1, nil, "--clock", s.Clock.Format(time.RFC3339), "--otlp", told)
				transport := map[string]scenario.Transport{
					"connect-json": scenario.ConnectJSON{Address: "http://" + c.gateways[0].address, Client: http.DefaultClient},
					"grpc-gateway": scenario.GRPC{Conn: dialStubborn(t, c.gateways[0].address)},
					"grpc-service": scenario.GRPC{Conn: c.straight(t)},
				}[name]
				runner := scenario.Runner{Transport: transport, Dev: transport}
				if err := runner.Run(t.Context(), s); err != nil {
					t.Fatal(err)
				}
				c.fsck()
			})
		}
	}
}

// end ends all processes, so that they tell what they have not told yet.
func (c *cluster) end() {
	var group sync.WaitGroup
	for _, d := range append(slices.Concat(slices.Collect(maps.Values(c.services))...), c.gateways...) {
		if d.command != nil {
			group.Go(func() { d.end(syscall.SIGTERM) })
		}
	}
	group.Wait()
}

// begin starts all processes after an end, at the same addresses.
func (c *cluster) begin() {
	for _, d := range append(slices.Concat(slices.Collect(maps.Values(c.services))...), c.gateways...) {
		d.start()
	}
}

// straight leads to the services' first replicas, past the gateway; what all of them
// serve leads through it.
func (c *cluster) straight(t *testing.T) grpc.ClientConnInterface {
	t.Helper()
	gateway := dialStubborn(t, c.gateways[0].address)
	routes := front.Routes{
		dev.ServiceName: gateway, exchangev1.ExchangeService_ServiceDesc.ServiceName: gateway,
	}
	for name, service := range front.Services {
		routes[service] = c.within(t, c.services[name][0].address)
	}
	return routes
}

// within leads to a replica of a service as a gateway does: callers are named to it by
// the suite's own token.
func (c *cluster) within(t *testing.T, address string) grpc.ClientConnInterface {
	t.Helper()
	callers := process.Callers{Dev: true, Folder: c.secrets, Directory: must(directory.Load(c.directory)), Logger: slog.New(slog.DiscardHandler)}
	return must(callers.Open()).Conn(dialStubborn(t, address))
}

// Services and gateways are restarted one after another under load. No call fails, since a process
// that is draining finishes its calls while the others take new ones.
func TestRollingRestart(t *testing.T) {
	g := newGround(t, "fsync=off")
	c := g.cluster(t, 2, []string{concern.Name})
	conn, err := process.Calling{}.Dial([]string{c.gateways[0].address, c.gateways[1].address})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	issued, err := devv1.NewDevServiceClient(conn).IssueToken(t.Context(), &devv1.IssueTokenRequest{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: "benefit_handler"})
	if err != nil {
		t.Fatal(err)
	}
	kela := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+issued.GetToken())
	var stop atomic.Bool
	var calls atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for !stop.Load() {
				if _, err := concernv1.NewConcernServiceClient(conn).SubmitConcern(kela, submission()); err != nil {
					t.Errorf("call %d failed: %v", calls.Load(), err)
				}
				calls.Add(1)
			}
		})
	}
	for range 2 {
		for _, d := range append(append([]*daemon{}, c.services[concern.Name]...), c.gateways...) {
			from := calls.Load()
			for calls.Load() < from+20 {
				<-time.After(time.Millisecond)
			}
			d.end(syscall.SIGTERM)
			d.start()
		}
	}
	stop.Store(true)
	group.Wait()
	c.fsck()
	t.Logf("%d calls over 8 restarts", calls.Load())
}
