package resilience

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/process"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern"
)

// Services and gateways are restarted one after another under load. No call fails, since a process
// that is draining finishes its calls while the others take new ones.
func TestLongRollingRestart(t *testing.T) {
	env := clustertest.NewEnvironment(t, "fsync=off")
	c := env.Start(t, 2, []string{concern.Name})
	conn, err := process.Calling{}.Dial([]string{c.Gateways[0].Address, c.Gateways[1].Address})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	kela := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler")
	var stop atomic.Bool
	var calls atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for !stop.Load() {
				if _, err := concernv1.NewConcernServiceClient(conn).SubmitConcern(kela, testkit.Submission()); err != nil {
					t.Errorf("call %d failed: %v", calls.Load(), err)
				}
				calls.Add(1)
			}
		})
	}
	for range 2 {
		for _, d := range append(append([]*clustertest.Process{}, c.Services[concern.Name]...), c.Gateways...) {
			from := calls.Load()
			for calls.Load() < from+20 {
				<-time.After(time.Millisecond)
			}
			d.Restart()
		}
	}
	stop.Store(true)
	group.Wait()
	c.Fsck()
	t.Logf("%d calls over 8 restarts", calls.Load())
}
