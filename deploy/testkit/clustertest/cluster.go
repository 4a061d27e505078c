package clustertest

import (
	"maps"
	"slices"
	"sync"
	"syscall"
	"testing"

	"google.golang.org/grpc"

	all "koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	front "koppi.internal/gateway/suite"
	"koppi.internal/pkg/dev"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Cluster is Koppi as separate processes, on databases of its own.
type Cluster struct {
	*Environment
	// Database is the name of its database on each server.
	Database string
	// Services are the replicas of each service, by the service's name.
	Services map[string][]*Process
	Gateways []*Process
	// Metrics are the URLs at which the processes of an observed environment serve metrics.
	Metrics []string

	t testing.TB
}

// Start starts a cluster on trial: so many replicas of the named services and of the gateway, and one
// of each other service. Services get further flags.
func (e *Environment) Start(t testing.TB, replicas int, scaled []string, flags ...string) *Cluster {
	t.Helper()
	c := e.newCluster(t)
	shared := append(e.Flags(), "--dev")
	gateway := slices.Concat(shared, e.GatewayFlags)
	for _, service := range all.Services {
		args := slices.Concat(shared, []string{"--journal", c.Journal(service.Name), "--keys", c.Keys(service.Name)}, flags)
		for i := range replicas {
			if i > 0 && !slices.Contains(scaled, service.Name) {
				break
			}
			gateway = append(gateway, "--"+service.Name, c.startService(service.Name, args).Address)
		}
	}
	for range replicas {
		c.startGateway(gateway)
	}
	return c
}

func (e *Environment) newCluster(t testing.TB) *Cluster {
	t.Helper()
	return &Cluster{Environment: e, t: t, Database: e.NewDatabase(), Services: map[string][]*Process{}}
}

func (c *Cluster) startService(name string, args []string) *Process {
	c.t.Helper()
	p := c.start(ServiceCommand(name), args)
	c.Services[name] = append(c.Services[name], p)
	return p
}

func (c *Cluster) startGateway(args []string) {
	c.t.Helper()
	c.Gateways = append(c.Gateways, c.start(GatewayCommand, args))
}

func (c *Cluster) start(command string, args []string) *Process {
	c.t.Helper()
	if c.Observed {
		address := testkit.FreeAddress(c.t)
		args = slices.Concat(args, []string{"--metrics", address})
		c.Metrics = append(c.Metrics, "http://"+address+"/metrics")
	}
	p := NewProcessOf(c.t, c.Program(c.t, command), args...)
	p.Env = c.Env
	p.Start()
	return p
}

// Journal is the connection string of a service's journal, and Keys that of its keys.
func (c *Cluster) Journal(service string) string {
	return c.reach(c.Postgres.DSN(c.Database, Role(service), service))
}

// Keys is the connection string of a service's keys.
func (c *Cluster) Keys(service string) string {
	return c.reach(c.Keyring.DSN(c.Database, Role(service), service+"_keys"))
}

func (c *Cluster) reach(dsn string) string {
	if c.Reach == nil {
		return dsn
	}
	return c.Reach(dsn)
}

// Processes are the replicas of all services, and the gateways.
func (c *Cluster) Processes() []*Process {
	return append(slices.Concat(slices.Collect(maps.Values(c.Services))...), c.Gateways...)
}

// End ends all processes in order, so that they export what telemetry they still hold.
func (c *Cluster) End() {
	var group sync.WaitGroup
	for _, p := range c.Processes() {
		if p.Running() {
			group.Go(func() { p.End(syscall.SIGTERM) })
		}
	}
	group.Wait()
}

// StartAgain starts all processes after End, at the same addresses.
func (c *Cluster) StartAgain() {
	c.t.Helper()
	for _, p := range c.Processes() {
		p.Start()
	}
}

// Replica returns a connection to a replica of a service as a gateway has it, which names the callers
// to the service.
func (c *Cluster) Replica(t testing.TB, replica *Process) grpc.ClientConnInterface {
	t.Helper()
	return c.Callers(testkit.Dial(t, replica.Address))
}

// Backend returns connections to the first replica of each service, past the gateway; what all
// services serve together leads through the gateway.
func (c *Cluster) Backend(t testing.TB) grpc.ClientConnInterface {
	t.Helper()
	gateway := testkit.Dial(t, c.Gateways[0].Address)
	routes := front.Routes{
		dev.ServiceName: gateway, exchangev1.ExchangeService_ServiceDesc.ServiceName: gateway,
	}
	for name, service := range front.Services {
		routes[service] = c.Replica(t, c.Services[name][0])
	}
	return routes
}
