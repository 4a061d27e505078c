package resilience

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/process"
)

// highlyAvailable is a cluster whose database has a synchronous standby. Both servers are
// reached through proxies, so that processes keep their connection strings when servers are replaced.
type highlyAvailable struct {
	*clustertest.Cluster
	primary, standby     *postgrestest.Server
	toPrimary, toStandby *postgrestest.Proxy
	traffic              *traffic
	standbys             int
	refused              map[string][]time.Duration
}

// failure is what happens to the servers, from a pair that is whole to another such.
type failure struct {
	name    string
	happens func(*highlyAvailable)
}

// failures are those that every run suffers, in this order.
var failures = []failure{
	{"the primary is lost", func(h *highlyAvailable) {
		h.primary.Down("immediate")
		h.promote()
	}},
	{"the standby is away, the lines are cut, and it takes over", func(h *highlyAvailable) {
		h.standby.Down("fast")
		h.primary.Waiting()
		h.toPrimary.Cut()
		h.wait(time.Second)
		h.primary.Down("immediate")
		h.standby.Up()
		h.promote()
	}},
	{"the primary starts anew while its standby is away", func(h *highlyAvailable) {
		h.standby.Down("fast")
		h.primary.Waiting()
		h.primary.Down("immediate")
		h.primary.Up()
		h.wait(2 * time.Second)
		h.primary.Down("immediate")
		h.standby.Up()
		h.promote()
	}},
	{"a replica stands still", func(h *highlyAvailable) {
		stopped := h.Services["concern"][rand.IntN(2)]
		stopped.Signal(syscall.SIGSTOP)
		h.wait(12 * time.Second)
		stopped.Signal(syscall.SIGCONT)
	}},
}

// longFailures are those that take longer than a run of all tests has time for.
var longFailures = []failure{
	{"the standby is away for longer than a commit is waited for", func(h *highlyAvailable) {
		h.standby.Down("fast")
		h.primary.Waiting()
		h.wait(70 * time.Second)
		h.primary.Down("immediate")
		h.standby.Up()
		h.promote()
	}},
}

// The database's primary fails under load, in several ways, and its synchronous standby takes over.
// Every acknowledged command is still there, none took effect twice, and partners were sent what
// the mailboxes hold.
func TestFailover(t *testing.T) {
	h := newHighlyAvailable(t)
	kinds, rounds := failures, testkit.Times("SOAK_FAILOVERS", 1)
	if rounds > 1 {
		kinds = slices.Concat(failures, longFailures)
	}
	for range rounds {
		for _, one := range kinds {
			// Under load for sure, and then at any moment.
			<-h.traffic.done.More
			h.wait(time.Duration(rand.Int64N(int64(300 * time.Millisecond))))
			h.suffer(one)
		}
	}
	want := h.traffic.finish()
	for agency, head := range h.Fsck() {
		if head.Sequence != want {
			t.Errorf("the mailbox of %s has %d messages of %d", agency, head.Sequence, want)
		}
	}
	t.Logf("%d commands", want)
	for _, one := range kinds {
		took := h.refused[one.name]
		slices.Sort(took)
		t.Logf("%s: no command got through for %v (median), %v (worst) of %d", one.name, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), len(took))
	}
}

func newHighlyAvailable(t *testing.T) *highlyAvailable {
	t.Helper()
	primary := postgrestest.Start(t)
	env := clustertest.NewEnvironmentOn(t, clustertest.Build, primary, primary)
	h := &highlyAvailable{primary: primary, refused: map[string][]time.Duration{}}
	h.toPrimary = postgrestest.NewProxy(t, primary)
	h.toStandby = postgrestest.NewProxy(t, primary)
	env.Reach = func(dsn string) string { return severalHosts(h.toPrimary.DSN(dsn), h.toStandby.DSN(dsn)) }
	h.follow()
	h.Cluster = env.Start(t, 2, []string{"concern"})
	var addresses []string
	for _, gateway := range h.Gateways {
		addresses = append(addresses, gateway.Address)
	}
	conn := testkit.Must(process.Calling{}.Dial(addresses))
	t.Cleanup(func() { _ = conn.Close() })
	h.traffic = newTraffic(t, conn)
	return h
}

// severalHosts is one connection string of two that differ in their ports.
func severalHosts(one, other string) string {
	port := func(dsn string) string { return strings.TrimPrefix(strings.Fields(dsn)[1], "port=") }
	rest := strings.Join(strings.Fields(one)[2:], " ")
	return fmt.Sprintf("host=127.0.0.1,127.0.0.1 port=%s,%s target_session_attrs=read-write %s", port(one), port(other), rest)
}

// follow gives the primary a standby, for which its commits wait.
func (h *highlyAvailable) follow() {
	h.standbys++
	name := fmt.Sprintf("standby%d", h.standbys)
	h.standby = h.primary.Standby(h.primary.TB(), name)
	h.toStandby.Lead(h.standby)
	h.primary.WaitFor(name)
}

// promote has the standby take over from a primary that is down, and gives it a standby.
func (h *highlyAvailable) promote() {
	h.toPrimary.Cut()
	h.standby.Promote()
	h.primary, h.toPrimary, h.toStandby = h.standby, h.toStandby, h.toPrimary
	// A server that waits for the standby of before takes nothing.
	h.follow()
}

func (h *highlyAvailable) wait(for_ time.Duration) { <-time.After(for_) }

// suffer lets something happen, and measures from its beginning until a command gets through
// that was not under way before.
func (h *highlyAvailable) suffer(one failure) {
	begun := time.Now()
	longest, last, over := time.Duration(0), begun, make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for ended := false; ; {
			select {
			case <-h.traffic.done.More:
				longest, last = max(longest, time.Since(last)), time.Now()
				if ended {
					return
				}
			case <-over:
				ended, over = true, nil
			}
		}
	}()
	one.happens(h)
	close(over)
	<-watched
	h.refused[one.name] = append(h.refused[one.name], longest)
}
