package resilience

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
)

// Koppi is killed twenty times at random moments while agencies work. Nothing that was acknowledged
// is lost, no request takes effect twice, and every mailbox is complete.
func TestKills(t *testing.T) {
	const kills = 20
	p := clustertest.NewAllInOne(t)
	p.Start()
	conn := testkit.Dial(t, p.Address)
	l := newTraffic(t, conn)
	for range kills {
		// Under load for sure, and then at any moment.
		<-l.done.More
		<-time.After(time.Duration(rand.Int64N(int64(300 * time.Millisecond))))
		p.End(syscall.SIGKILL)
		p.Fsck()
		p.Start()
	}
	want := l.finish()
	p.End(syscall.SIGTERM)
	for agency, head := range p.Fsck() {
		if head.Sequence != want {
			t.Errorf("the mailbox of %s has %d messages of %d", agency, head.Sequence, want)
		}
	}
	t.Logf("%d kills, %d commands", kills, want)
}
