package postgres

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
)

// serverPair is a primary, the standby for which its commits wait, and a proxy by which a store
// reaches the current primary.
type serverPair struct {
	primary, standby *postgrestest.Server
	proxy            *postgrestest.Proxy
	config           Config
}

func newServerPair(t *testing.T) *serverPair {
	t.Helper()
	p := newSingleServer(t)
	p.standby = p.primary.Standby(t, "second")
	p.primary.WaitFor("second")
	return p
}

// newSingleServer returns a primary without a standby.
func newSingleServer(t *testing.T) *serverPair {
	t.Helper()
	p := &serverPair{primary: postgrestest.Start(t)}
	p.primary.Exec("CREATE ROLE koppi_test LOGIN")
	at := func(role, schema string) string { return p.primary.DSN("postgres", role, schema) }
	migration := Migration{Journal: at("postgres", "concern"), Keys: at("postgres", "concern_keys"), Role: "koppi_test"}
	if err := Migrate(t.Context(), migration); err != nil {
		t.Fatal(err)
	}
	p.proxy = postgrestest.NewProxy(t, p.primary)
	kek, err := seal.OpenKEK(filepath.Join(t.TempDir(), "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	p.config = Config{Journal: p.proxy.DSN(at("koppi_test", "concern")), Keys: p.proxy.DSN(at("koppi_test", "concern_keys")), KEK: kek, bounds: bounds{idle: time.Second, lock: 2 * time.Second, answer: 2 * time.Second}}
	return p
}

func (p *serverPair) open(t *testing.T) *Store {
	t.Helper()
	store, err := Open(t.Context(), p.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Log(err)
		}
	})
	return store
}

// failOver promotes the standby. Commits that it has not received are lost.
func (p *serverPair) failOver() {
	p.primary.Down("immediate")
	p.proxy.Lead(p.standby)
	p.proxy.Cut()
	p.standby.Promote()
}

// waiting appends s/before, stops the standby and appends s/1. It returns once that commit waits for the
// standby; its result comes by the channel. A session that opens waits for the standby too, so the first
// append opens those that the second needs.
func (p *serverPair) waiting(t *testing.T, store *Store) <-chan error {
	t.Helper()
	if _, err := store.Append(t.Context(), first("s/before")); err != nil {
		t.Fatal(err)
	}
	p.standby.Down("fast")
	answer := make(chan error, 1)
	go func() {
		_, err := store.Append(context.Background(), first("s/1"))
		answer <- err
	}()
	p.primary.Waiting()
	return answer
}

func first(subject string) journal.Batch {
	id := subject + "-1"
	return journal.Batch{
		Expected: map[string]uint64{subject: 0},
		Events: []journal.Event{{
			Subject: subject, Version: 1, ID: id, Type: "test.Event", Client: "client", Case: "case", By: []byte("by"),
			Basis: []byte("basis"), Trace: "trace", At: time.Unix(1_800_000_000, 0), Payload: []byte("payload"),
		}},
		Streams:         []journal.Stream{{Subject: subject, Service: "test", Client: "client", Case: "case", State: 1, Version: 1}},
		WorklistEntries: []journal.WorklistEntry{{Subject: subject, Agency: "a", Client: "client", Case: "case", Version: 1}},
		Deliveries:      []journal.Delivery{{Agency: "a", ID: id, Subject: subject, SubjectVersion: 1, Record: []byte("\x0a\x04text")}},
	}
}

// contains reports whether a store has a subject, once the store answers.
func contains(t *testing.T, store *Store, subject string) bool {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		histories, err := store.Load(t.Context(), subject)
		if err == nil {
			return len(histories[0]) == 1
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// A commit waits for a standby that is down, and its connection is cut. The commit is not
// acknowledged, because the standby may take over without it.
func TestFailoverWithoutUnreplicatedCommit(t *testing.T) {
	t.Parallel()
	p := newServerPair(t)
	store := p.open(t)
	answer := p.waiting(t, store)
	p.proxy.Cut()
	err := <-answer
	if err == nil {
		t.Error("a commit on one server only is acknowledged")
	}
	t.Log(err)
	if err := store.Settled(t.Context()); err == nil {
		t.Error("a commit on one server only is reported as settled")
	}
	p.standby.Up()
	p.failOver()
	if !contains(t, store, "s/before") {
		t.Error("an acknowledged commit is lost")
	}
	if err == nil && !contains(t, store, "s/1") {
		t.Error("a commit that was acknowledged after a lost connection is lost")
	}
	if _, err := store.Append(t.Context(), first("s/2")); err != nil {
		t.Errorf("the store does not continue: %v", err)
	}
}

// A primary restarts while its standby is down, and then shows commits that never reached the
// standby. The store neither shows nor acknowledges them.
func TestRestartedPrimaryHidesUnreplicated(t *testing.T) {
	t.Parallel()
	p := newServerPair(t)
	store := p.open(t)
	answer := p.waiting(t, store)
	p.primary.Down("immediate")
	p.primary.Up()
	if err := <-answer; err == nil {
		t.Error("a commit on one server only is acknowledged")
	}
	short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if histories, err := store.Load(short, "s/1"); err == nil && len(histories[0]) > 0 {
		t.Error("a commit on one server only is shown")
	}
	if delivered, err := store.Deliveries(short, journal.DeliveryQuery{Agency: "a"}); err == nil && slices.ContainsFunc(delivered, func(one journal.Delivery) bool { return one.Subject == "s/1" }) {
		t.Error("a commit on one server only is delivered")
	}
	p.standby.Up()
	if !contains(t, store, "s/1") {
		t.Error("a commit that reached the standby is not shown")
	}
	p.failOver()
	if !contains(t, store, "s/1") {
		t.Error("a commit that was shown is lost")
	}
}

// An operator cancels a commit's wait for the standby: PostgreSQL reports success with a warning, and
// the store does not acknowledge the commit.
func TestCancelledStandbyWait(t *testing.T) {
	t.Parallel()
	p := newServerPair(t)
	store := p.open(t)
	answer := p.waiting(t, store)
	p.primary.Exec(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	if err := <-answer; !errors.Is(err, errUnsettled) {
		t.Errorf("the result is %v", err)
	}
	if err := store.Settled(t.Context()); err == nil {
		t.Error("a commit on one server only is reported as settled")
	}
	p.standby.Up()
	if err := store.Settled(t.Context()); err != nil {
		t.Error(err)
	}
}

// A writer that stalls while it has the lock loses the lock, and notices that before it commits.
func TestStalledWriterLosesLock(t *testing.T) {
	t.Parallel()
	p := newServerPair(t)
	still, other := p.open(t), p.open(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	var runs int
	stood := make(chan error, 1)
	go func() {
		batch := first("s/still")
		stood <- still.submit(context.Background(), &task{
			needs: rows.Needs(batch), asks: asksOf(batch), mark: batch.Events[0].ID,
			decide: func(_ context.Context, v *view, keys rows.Keys) error {
				if runs++; runs == 1 {
					close(begun)
					<-goOn
				}
				_, err := v.take(batch, keys)
				return err
			},
		})
	}()
	<-begun
	began := time.Now()
	if _, err := other.Append(t.Context(), first("s/other")); err != nil {
		t.Fatalf("the other writer is blocked: %v", err)
	}
	if took := time.Since(began); took > p.config.bounds.lock {
		t.Errorf("the other writer waited %v", took)
	}
	close(goOn)
	if err := <-stood; err != nil || runs != 2 {
		t.Errorf("it continued without the lock: %d runs, %v", runs, err)
	}
	report, err := journal.Fsck(t.Context(), other)
	if err := errors.Join(err, report.Err()); err != nil {
		t.Error(err)
	}
}

// Keys on the journal's own server have no flush of their own. A key that a failover loses is created
// again, and nothing is sealed with a key that exists only in memory.
func TestLostKeyRecreated(t *testing.T) {
	t.Parallel()
	p := newServerPair(t)
	store := p.open(t)
	if _, err := store.Append(t.Context(), first("s/before")); err != nil {
		t.Fatal(err)
	}
	p.standby.Down("fast")
	refused := first("s/1")
	refused.Expected["s/1"] = 7
	refused.Events[0].Version, refused.Streams[0].Version = 8, 8
	var conflict *journal.ConflictError
	if _, err := store.Append(t.Context(), refused); !errors.As(err, &conflict) {
		t.Fatalf("the append is not refused after its key was created: %v", err)
	}
	p.primary.Down("immediate")
	p.standby.Up()
	p.failOver()
	for deadline := time.Now().Add(30 * time.Second); ; {
		_, err := store.Append(t.Context(), first("s/1"))
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	histories, err := p.open(t).Load(t.Context(), "s/1", "s/before")
	if err != nil || histories[0][0].Erased || histories[1][0].Erased {
		t.Errorf("sealed content is lost: %v %v", histories, err)
	}
}

// With several hosts, the store finds the primary and follows it after a failover.
func TestSeveralHosts(t *testing.T) {
	t.Parallel()
	p := newServerPair(t)
	hosts := func(schema string) string {
		return fmt.Sprintf("host=127.0.0.1,127.0.0.1 port=%d,%d dbname=postgres user=koppi_test search_path=%s sslmode=disable", p.standby.Port(), p.primary.Port(), schema)
	}
	p.config.Journal, p.config.Keys = hosts("concern"), hosts("concern_keys")
	store := p.open(t)
	if _, err := store.Append(t.Context(), first("s/1")); err != nil {
		t.Fatal(err)
	}
	p.failOver()
	if !contains(t, store, "s/1") {
		t.Error("an acknowledged commit is lost")
	}
	if _, err := store.Append(t.Context(), first("s/2")); err != nil {
		t.Error(err)
	}
}

// The store leaves a primary that became read-only for the server that accepts writes.
func TestReadOnlyServerAbandoned(t *testing.T) {
	t.Parallel()
	p := newServerPair(t)
	hosts := func(schema string) string {
		return fmt.Sprintf("host=127.0.0.1,127.0.0.1 port=%d,%d dbname=postgres user=koppi_test search_path=%s sslmode=disable", p.primary.Port(), p.standby.Port(), schema)
	}
	p.config.Journal, p.config.Keys = hosts("concern"), hosts("concern_keys")
	store := p.open(t)
	if _, err := store.Append(t.Context(), first("s/1")); err != nil {
		t.Fatal(err)
	}
	p.primary.Exec("ALTER SYSTEM SET default_transaction_read_only = on")
	p.primary.Exec("SELECT pg_reload_conf()")
	p.standby.Promote()
	var err error
	for range 5 {
		// A setting needs no key, so the journal's own session must notice.
		if err = store.SetSetting(t.Context(), "name", "value"); err == nil {
			break
		}
	}
	if err != nil || !contains(t, store, "s/1") {
		t.Errorf("the store stays with the read-only server: %v", err)
	}
}
