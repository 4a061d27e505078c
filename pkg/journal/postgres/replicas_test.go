package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres"
)

func one(subject string, after uint64) journal.Batch {
	id := fmt.Sprintf("%s-%d", subject, after+1)
	return journal.Batch{
		Expected: map[string]uint64{subject: after},
		Events: []journal.Event{{
			Subject: subject, Version: after + 1, ID: id, Type: "test.Event", Client: "client", Case: "case", By: []byte("by"),
			Basis: []byte("basis"), Trace: "trace", At: time.Unix(1_800_000_000, 0), Payload: []byte("payload"),
		}},
		Streams:         []journal.Stream{{Subject: subject, Service: "test", Client: "client", Case: "case", State: 1, Version: after + 1}},
		WorklistEntries: []journal.WorklistEntry{{Subject: subject, Agency: "a", Client: "client", Case: "case", Version: after + 1}},
		Deliveries:      []journal.Delivery{{Agency: "a", ID: id, Subject: subject, SubjectVersion: after + 1, Record: []byte("\x0a\x04text")}},
		Clients:         clients(subject, after),
	}
}

func clients(subject string, after uint64) map[string][]byte {
	if after > 0 {
		return nil
	}
	return map[string][]byte{subject: []byte("who")}
}

// replicas returns two stores on one database, as two processes have.
func replicas(t *testing.T, settings ...string) (*databases, [2]*postgres.Store) {
	t.Helper()
	d, folder := newDatabases(t, settings...), t.TempDir()
	pair := [2]*postgres.Store{d.open(t, folder), d.open(t, folder)}
	t.Cleanup(func() {
		report, err := journal.Fsck(context.Background(), pair[0])
		if err := errors.Join(err, report.Err(), pair[0].Close(), pair[1].Close()); err != nil {
			t.Error(err)
		}
	})
	return d, pair
}

// A mailbox that two replicas write has no gaps. If both decide on the same version, one succeeds.
func TestReplicas(t *testing.T) {
	_, pair := replicas(t, "fsync=off")
	var group sync.WaitGroup
	var won, lost atomic.Int64
	for worker := range 16 {
		group.Go(func() {
			for i := range 20 {
				if _, err := pair[worker%2].Append(t.Context(), one(fmt.Sprintf("s/%d-%d", worker, i), 0)); err != nil {
					t.Error(err)
				}
				_, err := pair[worker%2].Append(t.Context(), one("s/contended", uint64(i)))
				var conflict *journal.ConflictError
				switch {
				case err == nil:
					won.Add(1)
				case errors.As(err, &conflict):
					lost.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	histories, err := pair[0].Load(t.Context(), "s/contended")
	if err != nil || int64(len(histories[0])) != won.Load() || won.Load()+lost.Load() != 320 {
		t.Errorf("%d events, %d won, %d lost (%v)", len(histories[0]), won.Load(), lost.Load(), err)
	}
	heads, err := pair[1].Positions(t.Context(), "a")
	if err != nil || heads["a"].Sequence != uint64(320+won.Load()) {
		t.Errorf("%v %v", heads, err)
	}
}

// No replica can open content that another has erased, even if it had the key in memory.
func TestErasureOnAllReplicas(t *testing.T) {
	_, pair := replicas(t, "fsync=off")
	if _, err := pair[0].Append(t.Context(), one("s/1", 0)); err != nil {
		t.Fatal(err)
	}
	for _, store := range pair {
		if histories, err := store.Load(t.Context(), "s/1"); err != nil || histories[0][0].Erased {
			t.Fatalf("%v %v", histories, err)
		}
	}
	if err := pair[0].Erase(t.Context(), "s/1"); err != nil {
		t.Fatal(err)
	}
	for i, store := range pair {
		histories, err := store.Load(t.Context(), "s/1")
		if err != nil || !histories[0][0].Erased {
			t.Errorf("replica %d opens erased content: %v", i, err)
		}
		if deliveries, err := store.Deliveries(t.Context(), journal.DeliveryQuery{Agency: "a"}); err != nil || !deliveries[0].Tombstone {
			t.Errorf("replica %d delivers erased content: %v", i, err)
		}
		if _, err := store.Client(t.Context(), "s/1"); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("replica %d knows the client: %v", i, err)
		}
		if _, err := store.Append(t.Context(), one("s/1", 1)); err == nil {
			t.Errorf("replica %d appends to an erased subject", i)
		}
	}
}

// The server crashes and restarts while both replicas append. Acknowledged appends exist, and repeated
// ones succeed.
func TestServerCrash(t *testing.T) {
	d, pair := replicas(t)
	var group sync.WaitGroup
	var stop atomic.Bool
	var acknowledged sync.Map
	more := make(chan struct{}, 1)
	for worker := range 8 {
		group.Go(func() {
			for i := 0; !stop.Load(); i++ {
				subject := fmt.Sprintf("s/%d-%d", worker, i)
				for {
					_, err := pair[worker%2].Append(t.Context(), one(subject, 0))
					var conflict *journal.ConflictError
					// After a lost connection with an unknown outcome, a conflict means that the append succeeded.
					if err == nil || errors.As(err, &conflict) {
						break
					}
				}
				acknowledged.Store(subject, true)
				select {
				case more <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 3 {
		for range 20 {
			<-more
		}
		d.server.Down("immediate")
		d.server.Up()
	}
	stop.Store(true)
	group.Wait()
	acknowledged.Range(func(subject, _ any) bool {
		histories, err := pair[0].Load(t.Context(), subject.(string))
		if err != nil || len(histories[0]) != 1 {
			t.Errorf("%s was acknowledged and is lost (%v)", subject, err)
		}
		return true
	})
}
