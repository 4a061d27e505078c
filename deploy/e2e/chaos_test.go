package e2e

import (
	"context"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

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
func TestChaos(t *testing.T) {
	g := newGround(t)
	e := newEndpoint(t)
	called := openInbox(t, "called")
	defer func() { _ = called.Close() }()
	e.set(called.open(t, newSecret).ServeHTTP)
	if err := os.WriteFile(g.directory, calledDirectory(t, "CONNECT", e.address), 0o600); err != nil {
		t.Fatal(err)
	}
	g.gateway = []string{"--callback-secrets", secretsFile(t, newSecret)}
	c := g.cluster(t, 2, []string{"concern"})
	var lines []*cutter
	var addresses []string
	for _, gateway := range c.gateways {
		line := cut(t, gateway.address, func() int64 { return -1 })
		lines, addresses = append(lines, line), append(addresses, trimScheme(line.address))
	}
	conn, err := process.Calling{}.Dial(addresses)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	l := newLoad(t, conn)
	deeds := c.wreak(l.done, lines, chaosFor(t))
	want := l.finish()
	called.reach(t, want)
	verified(t, called.path, int(want))
	for agency, head := range c.fsck() {
		if head.Sequence != want {
			t.Errorf("the mailbox of %s has %d messages of %d", agency, head.Sequence, want)
		}
	}
	t.Logf("%d commands through %v", want, deeds)
}

// wreak kills, stops, flushes and cuts for a while, each time only once commands
// get through again.
func (c *cluster) wreak(done *answered, lines []*cutter, for_ time.Duration) map[string]int {
	deeds := map[string]int{}
	restart := func(d *daemon) {
		d.end(syscall.SIGKILL)
		d.start()
	}
	all := map[string]func(){
		"service killed":     func() { restart(c.services["concern"][rand.IntN(2)]) },
		"gateway killed":     func() { restart(c.gateways[rand.IntN(2)]) },
		"service drained":    func() { d := c.services["concern"][rand.IntN(2)]; d.end(syscall.SIGTERM); d.start() },
		"PostgreSQL crashed": func() { c.postgres.Down("immediate"); c.postgres.Up() },
		"Redis stopped":      func() { c.redis.Down(); <-done.more; c.redis.Up() },
		"Redis flushed":      func() { _ = c.redis.Client().FlushAll(context.Background()).Err() },
		"lines cut":          func() { lines[rand.IntN(2)].cutAll() },
	}
	for until := time.Now().Add(for_); time.Now().Before(until); {
		for name, deed := range all {
			<-done.more
			<-time.After(time.Duration(rand.Int64N(int64(200 * time.Millisecond))))
			deed()
			deeds[name]++
		}
	}
	return deeds
}
