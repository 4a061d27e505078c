package lease_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"koppi.internal/pkg/lease"
	"koppi.internal/pkg/notify/redistest"
)

// replica is one that leads until its context ends, or until the test makes it give up.
type replica struct {
	// began and ended get a token for each term.
	began, ended chan struct{}
	giveUp       chan struct{}
	stop         func()
}

// start runs an election until the test ends, or until stop.
func start(t *testing.T, election lease.Election) *replica {
	t.Helper()
	r := &replica{began: make(chan struct{}, 100), ended: make(chan struct{}, 100), giveUp: make(chan struct{})}
	election.Name, election.Logger = "thing", slog.New(slog.NewTextHandler(io.Discard, nil))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		election.Lead(ctx, func(ctx context.Context) {
			r.began <- struct{}{}
			select {
			case <-ctx.Done():
			case <-r.giveUp:
			}
			r.ended <- struct{}{}
		})
	}()
	r.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(r.stop)
	return r
}

// await waits for an event.
func await(t *testing.T, event <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(20 * time.Second):
		t.Fatalf("no replica %s", what)
	}
}

// none checks that an event has not come.
func none(t *testing.T, event <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-event:
		t.Errorf("a replica %s", what)
	default:
	}
}

// Of two replicas one leads. When it ends, it releases the lease, and the other leads. A leader whose lease
// Redis lost and another holder acquired ends its term, and leads again once that lease expired. While Redis is
// down, the leader leads on, and the other replica leads too after a while.
func TestLead(t *testing.T) {
	server := redistest.Start(t)
	made := func() *replica {
		return start(t, lease.Election{
			Leases: lease.NewRedis(server.Client()), TTL: time.Hour, Every: 20 * time.Millisecond, Unchecked: 500 * time.Millisecond,
		})
	}
	first := made()
	await(t, first.began, "leads")
	second := made()
	first.stop()
	await(t, first.ended, "ended its term")
	await(t, second.began, "leads after the first")

	other := lease.NewRedis(server.Client())
	for held := false; !held; {
		if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		var err error
		if held, err = other.Acquire(t.Context(), "thing", time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	await(t, second.ended, "noticed that it lost the lease")
	none(t, second.began, "leads without the lease")
	if err := server.Client().PExpire(t.Context(), "koppi:presence:thing", time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	await(t, second.began, "leads after the lease expired")

	third := made()
	server.Down()
	await(t, third.began, "leads although it cannot check the lease")
	none(t, second.ended, "gave up because Redis is down")
}

// answers are leases that answer as the test says.
type answers struct {
	mu       sync.Mutex
	held     bool
	err      error
	acquired int
	released int
}

func (a *answers) set(held bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held, a.err = held, err
}

func (a *answers) Acquire(context.Context, string, time.Duration) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.acquired++
	return a.held && a.err == nil, a.err
}

func (a *answers) Release(context.Context, string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.released++
	return a.err
}

func (*answers) Close() error { return nil }

// at lets the time pass and checks how many terms began and ended.
func (r *replica) at(t *testing.T, pass time.Duration, began, ended int) {
	t.Helper()
	time.Sleep(pass) // synctest's clock
	synctest.Wait()
	if len(r.began) != began || len(r.ended) != ended {
		t.Errorf("%d terms began and %d ended, want %d and %d", len(r.began), len(r.ended), began, ended)
	}
}

// A replica tries to acquire the lease, and the leader renews it, each third of its TTL.
func TestInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leases := &answers{held: true}
		r := start(t, lease.Election{Leases: leases, TTL: 15 * time.Second, Unchecked: time.Minute})
		r.at(t, time.Millisecond, 1, 0)
		r.at(t, 15*time.Second, 1, 0)
		if leases.acquired != 4 {
			t.Errorf("acquired or renewed %d times, want 4", leases.acquired)
		}
		leases.set(false, nil)
		r.at(t, 15*time.Second, 1, 1)
		leases.set(true, nil)
		r.at(t, 5*time.Second, 2, 1)
		r.stop()
		if leases.released != 1 {
			t.Errorf("released %d times", leases.released)
		}
	})
}

// Without Redis a replica leads after Unchecked; an answer that another replica has the lease begins that time
// anew. A leader leads on without Redis, and ends its term when Redis says that another replica has the lease.
func TestUnchecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("Redis is down")
		leases := &answers{err: down}
		r := start(t, lease.Election{Leases: leases, TTL: 3 * time.Second, Unchecked: time.Minute})
		r.at(t, 59*time.Second, 0, 0)
		leases.set(false, nil)
		r.at(t, time.Second, 0, 0)
		leases.set(false, down)
		r.at(t, time.Minute, 0, 0)
		r.at(t, 3*time.Second, 1, 0)
		r.at(t, time.Hour, 1, 0)
		leases.set(true, nil)
		r.at(t, time.Hour, 1, 0)
		leases.set(false, nil)
		r.at(t, time.Second, 1, 1)
		r.stop()
	})
}

// A leader that gives up does not touch the lease for a TTL.
func TestGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leases := &answers{held: true}
		r := start(t, lease.Election{Leases: leases, TTL: 15 * time.Second, Unchecked: time.Minute})
		r.at(t, time.Millisecond, 1, 0)
		r.giveUp <- struct{}{}
		r.at(t, 15*time.Second-time.Millisecond, 1, 1)
		if leases.acquired != 1 {
			t.Errorf("acquired %d times, want 1", leases.acquired)
		}
		r.at(t, 2*time.Millisecond, 2, 1)
		r.stop()
		r.at(t, 0, 2, 2)
	})
}
