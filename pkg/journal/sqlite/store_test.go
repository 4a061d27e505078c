package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/journaltest"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, folder string) *sqlite.Store {
	t.Helper()
	kek, err := seal.OpenKEK(filepath.Join(folder, "secrets", "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(context.Background(), sqlite.Config{
		Path: filepath.Join(folder, "test.db"), KeysPath: filepath.Join(folder, "test.keys.db"), KEK: kek,
	})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestSuite(t *testing.T) {
	journaltest.Run(t, func(t *testing.T, folder string) journaltest.Store { return open(t, folder) })
}

func one(subject string, after uint64) journal.Batch {
	id := fmt.Sprintf("%s-%d", subject, after+1)
	return journal.Batch{
		Expected: map[string]uint64{subject: after},
		Events: []journal.Event{{
			Subject: subject, Version: after + 1, ID: id, Type: "test.Event", Client: "client", Case: "case", By: []byte("by"),
			Basis: []byte("basis"), Trace: "trace", At: time.Unix(1_800_000_000, 0), Payload: []byte("payload"),
		}},
		Loops:      []journal.Loop{{Subject: subject, Service: "test", Client: "client", Case: "case", State: 1, Version: after + 1}},
		Standings:  []journal.Standing{{Subject: subject, Agency: "a", Client: "client", Case: "case", Version: after + 1}},
		Deliveries: []journal.Delivery{{Agency: "a", ID: id, Subject: subject, SubjectVersion: after + 1, Record: []byte("\x0a\x04text")}},
	}
}

// Whatever is changed or deleted in history, fsck finds it and says where.
func TestFsckFindsEveryChange(t *testing.T) {
	folder := t.TempDir()
	store := open(t, folder)
	for i := range uint64(3) {
		if _, err := store.Append(t.Context(), one("s/1", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for table, columns := range map[string]string{
		"events":     "subject id type client case_id by basis at trace class sealed hash prev_hash version",
		"deliveries": "agency id subject subject_version sealed content_hash chain_hash sequence",
		"loops":      "version head client case_id",
		"mailboxes":  "sequence chain agency",
		"standings":  "version client case_id",
	} {
		where := map[string]string{"events": "version = 2", "deliveries": "sequence = 2"}[table]
		for _, column := range strings.Fields(columns) {
			t.Run(table+"."+column, func(t *testing.T) { tampered(t, folder, change(table, column, where)) })
		}
		if where != "" {
			for _, last := range []string{where, strings.Replace(where, "2", "3", 1)} {
				t.Run(table+" deleted, "+last, func(t *testing.T) { tampered(t, folder, "DELETE FROM "+table+" WHERE "+last) })
			}
		}
	}
}

func change(table, column, where string) string {
	value := column + " || 'x'"
	switch {
	case slices.Contains([]string{"by", "basis", "sealed"}, column):
		value = "CAST(" + column + " || x'00' AS BLOB)"
	case slices.Contains([]string{"hash", "prev_hash", "content_hash", "chain_hash", "head", "chain"}, column):
		value = "zeroblob(31) || x'01'"
		value = "CAST(" + value + " AS BLOB)"
	case slices.Contains([]string{"at", "version", "subject_version", "sequence"}, column):
		value = column + " + 10"
	}
	statement := "UPDATE " + table + " SET " + column + " = " + value
	if where != "" {
		statement += " WHERE " + where
	}
	return statement
}

// tampered changes a copy of the journal behind its back.
func tampered(t *testing.T, folder, statement string) {
	t.Helper()
	copied := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(folder, "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"test.db": "test.db", "test.keys.db": "test.keys.db"} {
		source, err := sql.Open("sqlite", filepath.Join(folder, from))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := source.Exec("VACUUM INTO '" + filepath.Join(copied, to) + "'"); err != nil {
			t.Fatal(err)
		}
		_ = source.Close()
	}
	_ = db.Close()
	raw, err := sql.Open("sqlite", filepath.Join(copied, "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec(statement); err == nil && (strings.Contains(statement, " events ") || strings.Contains(statement, " deliveries ")) {
		t.Error("the database let history be changed")
	}
	for _, trigger := range []string{"events_update", "events_delete", "deliveries_update", "deliveries_delete"} {
		if _, err := raw.Exec("DROP TRIGGER " + trigger); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := raw.Exec(statement); err != nil {
		t.Fatal(err)
	}
	_ = raw.Close()
	kek, err := seal.OpenKEK(filepath.Join(folder, "secrets", "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(copied, "test.db"), KeysPath: filepath.Join(copied, "test.keys.db"), KEK: kek})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	report, err := journal.Fsck(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	if report.Err() == nil {
		t.Errorf("fsck does not see: %s", statement)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 32} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			store := open(b, b.TempDir())
			defer func() { _ = store.Close() }()
			var subjects atomic.Int64
			b.SetParallelism(writers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := store.Append(context.Background(), one(fmt.Sprintf("s/%d", subjects.Add(1)), 0)); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
