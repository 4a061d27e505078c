//go:build soak

package resilience

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/process"
)

// A manager (Patroni with etcd, configured as keeping.md says) detects that the primary has failed
// and promotes the standby, while Koppi is under load and knows only its connection string. Every
// acknowledged command is still there, none took effect twice, and partners were sent what the
// mailboxes hold. It is built only with the tag soak: it needs Patroni and etcd, and the manager
// waits for 20 seconds each time.
func TestManagedFailover(t *testing.T) {
	rounds := testkit.Times("SOAK_MANAGED", 3)
	managed := postgrestest.StartManaged(t)
	primary := managed.Whole()
	env := clustertest.NewEnvironmentOn(t, clustertest.Build, primary, primary)
	one, other := managed.Servers()
	env.Reach = func(dsn string) string {
		at := func(server *postgrestest.Server) string {
			return strings.Replace(dsn, fmt.Sprintf("port=%d", primary.Port()), fmt.Sprintf("port=%d", server.Port()), 1)
		}
		return severalHosts(at(one), at(other))
	}
	c := env.Start(t, 2, []string{"concern"})
	var addresses []string
	for _, gateway := range c.Gateways {
		addresses = append(addresses, gateway.Address)
	}
	conn := testkit.Must(process.Calling{}.Dial(addresses))
	t.Cleanup(func() { _ = conn.Close() })
	l := newTraffic(t, conn)
	var took []time.Duration
	for range rounds {
		<-l.done.More
		begun := time.Now()
		giveBack := managed.LosePrimary()
		promoted := time.Since(begun)
		giveBack()
		managed.Whole()
		whole := time.Since(begun)
		// One may have been under way before; the next was not.
		<-l.done.More
		<-l.done.More
		took = append(took, time.Since(begun))
		t.Logf("promoted after %v, whole after %v, a command got through after %v", promoted.Round(time.Millisecond), whole.Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	}
	want := l.finish()
	for agency, head := range c.Fsck() {
		if head.Sequence != want {
			t.Errorf("the mailbox of %s has %d messages of %d", agency, head.Sequence, want)
		}
	}
	slices.Sort(took)
	t.Logf("%d commands; without one for %v (median), %v (worst) of %d", want, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), len(took))
}
