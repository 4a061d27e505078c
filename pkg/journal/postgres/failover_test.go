package postgres

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
)

// pairOf are a primary and the standby for which its commits wait, and a line by which a store
// gets to whichever is the primary.
type pairOf struct {
	primary, standby *postgrestest.Server
	line             *postgrestest.Line
	config           Config
}

func newPairOf(t *testing.T) *pairOf {
	t.Helper()
	p := newServerOf(t)
	p.standby = p.primary.Standby(t, "second")
	p.primary.WaitFor("second")
	return p
}

// newServerOf is a primary without a standby.
func newServerOf(t *testing.T) *pairOf {
	t.Helper()
	p := &pairOf{primary: postgrestest.Start(t)}
	p.primary.Exec("CREATE ROLE koppi_test LOGIN")
	at := func(role, schema string) string { return p.primary.DSN("postgres", role, schema) }
	migration := Migration{Journal: at("postgres", "concern"), Keys: at("postgres", "concern_keys"), Role: "koppi_test"}
	if err := Migrate(t.Context(), migration); err != nil {
		t.Fatal(err)
	}
	p.line = postgrestest.NewLine(t, p.primary)
	kek, err := seal.OpenKEK(filepath.Join(t.TempDir(), "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	p.config = Config{Journal: p.line.DSN(at("koppi_test", "concern")), Keys: p.line.DSN(at("koppi_test", "concern_keys")), KEK: kek, bounds: bounds{idle: time.Second, lock: 2 * time.Second, answer: 2 * time.Second}}
	return p
}

func (p *pairOf) open(t *testing.T) *Store {
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

// failOver has the standby take over; what it lacks is lost.
func (p *pairOf) failOver() {
	p.primary.Down("immediate")
	p.line.Lead(p.standby)
	p.line.Cut()
	p.standby.Promote()
}

// waiting appends s/1, and returns once its commit waits for the standby. The answer comes later.
func (p *pairOf) waiting(store *Store) <-chan error {
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

// holds tells whether a store has a subject, once it answers at all.
func holds(t *testing.T, store *Store, subject string) bool {
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

// A commit waits for a standby that is away, and its line is cut: it is not acknowledged, for
// the standby takes over without it.
func TestACommitOfOneServerIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	p := newPairOf(t)
	store := p.open(t)
	if _, err := store.Append(t.Context(), first("s/before")); err != nil {
		t.Fatal(err)
	}
	p.standby.Down("fast")
	answer := p.waiting(store)
	p.line.Cut()
	err := <-answer
	if err == nil {
		t.Error("it is acknowledged, and on one server alone")
	}
	t.Log(err)
	if err := store.Settled(t.Context()); err == nil {
		t.Error("what one server has alone is said to be settled")
	}
	p.standby.Up()
	p.failOver()
	if !holds(t, store, "s/before") {
		t.Error("what was acknowledged is lost")
	}
	if err == nil && !holds(t, store, "s/1") {
		t.Error("what was acknowledged in doubt is lost")
	}
	if _, err := store.Append(t.Context(), first("s/2")); err != nil {
		t.Errorf("it does not go on: %v", err)
	}
}

// A primary starts anew while its standby is away: it shows commits that nobody waits for any
// more, and the store neither shows nor acknowledges them.
func TestARestartedPrimaryIsNotBelieved(t *testing.T) {
	t.Parallel()
	p := newPairOf(t)
	store := p.open(t)
	p.standby.Down("fast")
	answer := p.waiting(store)
	p.primary.Down("immediate")
	p.primary.Up()
	if err := <-answer; err == nil {
		t.Error("it is acknowledged, and on one server alone")
	}
	short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if histories, err := store.Load(short, "s/1"); err == nil && len(histories[0]) > 0 {
		t.Error("what one server has alone is shown")
	}
	if delivered, err := store.Deliveries(short, journal.DeliveryQuery{Agency: "a"}); err == nil && len(delivered) > 0 {
		t.Error("what one server has alone is delivered")
	}
	p.standby.Up()
	if !holds(t, store, "s/1") {
		t.Error("what the standby has now is not shown")
	}
	p.failOver()
	if !holds(t, store, "s/1") {
		t.Error("what was shown is lost")
	}
}

// An operator ends a commit's wait for the standby: PostgreSQL reports success with a warning.
func TestAnEndedWaitIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	p := newPairOf(t)
	store := p.open(t)
	p.standby.Down("fast")
	answer := p.waiting(store)
	p.primary.Exec(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	if err := <-answer; !errors.Is(err, errUnsettled) {
		t.Errorf("it is answered with %v", err)
	}
	if err := store.Settled(t.Context()); err == nil {
		t.Error("what one server has alone is said to be settled")
	}
	p.standby.Up()
	if err := store.Settled(t.Context()); err != nil {
		t.Error(err)
	}
}

// A writer that stands still while it has the lock loses it, and finds out before it commits.
func TestAWriterThatStandsStillLosesTheLock(t *testing.T) {
	t.Parallel()
	p := newPairOf(t)
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
		t.Fatalf("the other writer is held up: %v", err)
	}
	if took := time.Since(began); took > p.config.bounds.lock {
		t.Errorf("the other writer waited %v", took)
	}
	close(goOn)
	if err := <-stood; err != nil || runs != 2 {
		t.Errorf("it went on as if it had the lock: %d runs, %v", runs, err)
	}
	report, err := journal.Fsck(t.Context(), other)
	if err := errors.Join(err, report.Err()); err != nil {
		t.Error(err)
	}
}

// Keys that lie on the journal's own server are not flushed for themselves: what a failover
// loses of them is made anew, and nothing is sealed with what is in memory alone.
func TestAKeyThatIsLostIsMadeAnew(t *testing.T) {
	t.Parallel()
	p := newPairOf(t)
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
		t.Fatalf("its key is made, and it is refused: %v", err)
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
		t.Errorf("what was sealed is lost: %v %v", histories, err)
	}
}

// Of several hosts the store finds the primary, and follows it.
func TestSeveralHosts(t *testing.T) {
	t.Parallel()
	p := newPairOf(t)
	hosts := func(schema string) string {
		return fmt.Sprintf("host=127.0.0.1,127.0.0.1 port=%d,%d dbname=postgres user=koppi_test search_path=%s sslmode=disable", p.standby.Port(), p.primary.Port(), schema)
	}
	p.config.Journal, p.config.Keys = hosts("concern"), hosts("concern_keys")
	store := p.open(t)
	if _, err := store.Append(t.Context(), first("s/1")); err != nil {
		t.Fatal(err)
	}
	p.failOver()
	if !holds(t, store, "s/1") {
		t.Error("what was acknowledged is lost")
	}
	if _, err := store.Append(t.Context(), first("s/2")); err != nil {
		t.Error(err)
	}
}

// A primary that takes no writes any more, and runs on, is left for the one that does.
func TestAServerThatBecameReadOnlyIsLeft(t *testing.T) {
	t.Parallel()
	p := newPairOf(t)
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
		// A setting needs no key: the journal's own session must find out.
		if err = store.SetSetting(t.Context(), "name", "value"); err == nil {
			break
		}
	}
	if err != nil || !holds(t, store, "s/1") {
		t.Errorf("it stays with the server that takes nothing: %v", err)
	}
}
