package resilience

import (
	"context"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/pkg/process"
)

// chaosFor is how long things are killed; the soak does so for longer.
func chaosFor(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("SOAK_CHAOS")
	if text == "" {
		return 10 * time.Second
	}
	for_, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return for_
}

// Each process runs in two replicas under load. In random order a service, a gateway, PostgreSQL
// and Redis are killed, stopped and flushed, and connections are cut. No acknowledged command is
// lost, none takes effect twice, and every mailbox is complete. Kela is also called at its
// endpoint, and everything arrives there in order.
func TestLongChaos(t *testing.T) {
	env := clustertest.NewEnvironment(t)
	e := partnertest.NewEndpoint(t)
	called := partnertest.OpenInbox(t, "called")
	defer func() { _ = called.Close() }()
	e.Handle(called.Endpoint(t, partnertest.CallbackSecret).ServeHTTP)
	if err := os.WriteFile(env.Directory, partnertest.CallbackDirectory(t, "CONNECT", e.Address), 0o600); err != nil {
		t.Fatal(err)
	}
	env.GatewayFlags = []string{"--callback-secrets", partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)}
	c := env.Start(t, 2, []string{"concern"})
	var lines []*testkit.Proxy
	var addresses []string
	for _, gateway := range c.Gateways {
		line := testkit.NewProxy(t, gateway.Address, func() int64 { return -1 })
		lines, addresses = append(lines, line), append(addresses, testkit.TrimScheme(line.Address))
	}
	conn, err := process.Calling{}.Dial(addresses)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	l := newTraffic(t, conn)
	faults := wreak(c, l.done, lines, chaosFor(t))
	want := l.finish()
	called.Reach(t, want)
	partnertest.CheckFile(t, called.Path, int(want))
	for agency, head := range c.Fsck() {
		if head.Sequence != want {
			t.Errorf("the mailbox of %s has %d messages of %d", agency, head.Sequence, want)
		}
	}
	t.Logf("%d commands through %v", want, faults)
}

// wreak kills, stops, flushes and cuts for a while, each time only once commands
// get through again.
func wreak(c *clustertest.Cluster, done *partnertest.Acknowledged, lines []*testkit.Proxy, for_ time.Duration) map[string]int {
	faults := map[string]int{}
	restart := func(d *clustertest.Process) {
		d.End(syscall.SIGKILL)
		d.Start()
	}
	all := map[string]func(){
		"service killed":     func() { restart(c.Services["concern"][rand.IntN(2)]) },
		"gateway killed":     func() { restart(c.Gateways[rand.IntN(2)]) },
		"service drained":    func() { d := c.Services["concern"][rand.IntN(2)]; d.End(syscall.SIGTERM); d.Start() },
		"PostgreSQL crashed": func() { c.Postgres.Down("immediate"); c.Postgres.Up() },
		"Redis stopped":      func() { c.Redis.Down(); <-done.More; c.Redis.Up() },
		"Redis flushed":      func() { _ = c.Redis.Client().FlushAll(context.Background()).Err() },
		"lines cut":          func() { lines[rand.IntN(2)].CutAll() },
	}
	for until := time.Now().Add(for_); time.Now().Before(until); {
		for name, inject := range all {
			<-done.More
			<-time.After(time.Duration(rand.Int64N(int64(200 * time.Millisecond))))
			inject()
			faults[name]++
		}
	}
	return faults
}
