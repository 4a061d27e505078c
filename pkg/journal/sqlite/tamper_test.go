package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
)

// Fsck finds every change and deletion in history, and names the place.
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

// tampered changes a copy of the journal directly in the database, and expects a finding.
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
		t.Error("the database allows a change of history")
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
		t.Errorf("fsck does not find: %s", statement)
	}
}

// Fsck finds a change of any single bit in a mailbox, and names the message.
func TestFsckFindsEveryBit(t *testing.T) {
	folder := t.TempDir()
	store := open(t, folder)
	defer func() { _ = store.Close() }()
	for i := range uint64(5) {
		if _, err := store.Append(t.Context(), one("s/1", i)); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := sql.Open("sqlite", filepath.Join(folder, "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	if _, err := raw.Exec("DROP TRIGGER deliveries_update"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		sequence := rapid.IntRange(1, 5).Draw(t, "sequence")
		column := rapid.SampledFrom([]string{"sealed", "content_hash", "chain_hash", "id", "subject"}).Draw(t, "column")
		var was []byte
		if err := raw.QueryRow("SELECT CAST("+column+" AS BLOB) FROM deliveries WHERE sequence = ?", sequence).Scan(&was); err != nil {
			t.Fatal(err)
		}
		bit := rapid.IntRange(0, 8*len(was)-1).Draw(t, "bit")
		changed := slices.Clone(was)
		changed[bit/8] ^= 1 << (bit % 8)
		as := "CAST(? AS BLOB)"
		if column == "id" || column == "subject" {
			as = "CAST(? AS TEXT)"
		}
		set := func(value []byte) error {
			_, err := raw.Exec("UPDATE deliveries SET "+column+" = "+as+" WHERE sequence = ?", value, sequence)
			return err
		}
		if set(changed) != nil {
			return // the change may produce another message's id, which the database refuses
		}
		report, err := journal.Fsck(context.Background(), store)
		if err := set(was); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(err, report.Err()); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("mailbox of a, sequence %d ", sequence)) {
			t.Fatalf("bit %d of %s of message %d: %v", bit, column, sequence, err)
		}
	})
}
