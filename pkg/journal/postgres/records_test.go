package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
)

// The bodies of records are not in the table in the clear. A body that was moved to another record or
// version is refused.
func TestRecordsSealed(t *testing.T) {
	d := newDatabases(t, "fsync=off")
	folder := t.TempDir()
	store := d.open(t, folder)
	defer func() { _ = store.Close() }()
	secret := []byte("works in the secret unit")
	for _, agency := range []string{"a", "b"} {
		if _, err := store.PutRecords(t.Context(), journal.Record{Agency: agency, Kind: "k", Key: "1", Body: secret},
			journal.Record{Agency: agency, Kind: "k", Key: "2", Body: secret}, journal.Record{Agency: agency, Kind: "l", Key: "1", Body: secret}); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := pgx.Connect(t.Context(), d.configure(t, folder).Journal)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	found, err := conn.Query(t.Context(), `SELECT body FROM records`)
	if err != nil {
		t.Fatal(err)
	}
	bodies, err := pgx.CollectRows(found, pgx.RowTo[[]byte])
	if err != nil || len(bodies) != 6 {
		t.Fatalf("%d bodies: %v", len(bodies), err)
	}
	for _, body := range bodies {
		if bytes.Contains(body, secret) {
			t.Error("a body is in the clear")
		}
	}
	for name, statement := range map[string]string{
		"two keys swapped": `UPDATE records SET body = other.body FROM records AS other WHERE records.agency = 'a' AND other.agency = 'a' AND records.kind = 'k' AND other.kind = 'k' AND records.key <> other.key`,
		"another kind":     `UPDATE records SET body = other.body FROM records AS other WHERE records.agency = 'a' AND other.agency = 'a' AND records.kind = 'k' AND records.key = '1' AND other.kind = 'l'`,
		"another agency":   `UPDATE records SET body = other.body FROM records AS other WHERE records.agency = 'a' AND other.agency = 'b' AND records.kind = other.kind AND records.key = other.key`,
		"other version":    `UPDATE records SET version = 2 WHERE agency = 'a' AND kind = 'k' AND key = '1'`,
	} {
		for _, statement := range []string{`CREATE TEMP TABLE kept AS SELECT * FROM records`, statement} {
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if records, _, err := store.AgencyRecords(t.Context(), "a"); !errors.Is(err, journal.ErrUnreadable) || records != nil {
			t.Errorf("%s: %d records, %v", name, len(records), err)
		}
		for _, statement := range []string{`DELETE FROM records`, `INSERT INTO records SELECT * FROM kept`, `DROP TABLE kept`} {
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	if records, revision, err := store.AgencyRecords(t.Context(), "a"); err != nil || len(records) != 3 || revision != 1 {
		t.Errorf("%d records at revision %d: %v", len(records), revision, err)
	}
}

// Of two replicas that change one record, one succeeds for each version, and the revisions count all
// changes.
func TestRecordsOfReplicas(t *testing.T) {
	_, pair := replicas(t, "fsync=off")
	var group sync.WaitGroup
	var won atomic.Uint64
	const versions = 20
	for worker := range 8 {
		group.Go(func() {
			for version := uint64(0); version < versions; {
				_, err := pair[worker%2].PutRecords(t.Context(), journal.Record{Agency: "a", Kind: "k", Key: "1", Version: version, Body: fmt.Append(nil, worker)})
				var conflict *journal.ConflictError
				if err == nil {
					won.Add(1)
				} else if !errors.As(err, &conflict) {
					t.Error(err)
					return
				}
				version++
			}
		})
	}
	group.Wait()
	for _, store := range pair {
		records, revision, err := store.AgencyRecords(t.Context(), "a")
		if err != nil || len(records) != 1 || records[0].Version != won.Load() || revision != won.Load() || revision == 0 {
			t.Errorf("%+v at revision %d after %d changes: %v", records, revision, won.Load(), err)
		}
	}
}
