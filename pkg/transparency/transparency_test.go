package transparency_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/transparency"
)

func open(t *testing.T, folder string) *sqlite.Store {
	t.Helper()
	kek, err := seal.OpenKEK(filepath.Join(folder, "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(folder, "j.db"), KeysPath: filepath.Join(folder, "k.db"), KEK: kek})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// write records an event of a subject, its delivery to an agency, and a reading.
func write(t *testing.T, store *sqlite.Store, subject string, version uint64) {
	t.Helper()
	at := time.Date(2026, 11, 26, 9, 0, int(version), 0, time.UTC)
	id := fmt.Sprintf("%s-%d", subject, version)
	for _, batch := range []journal.Batch{{
		Expected:        map[string]uint64{subject: version - 1},
		Events:          []journal.Event{{Subject: subject, Version: version, ID: id, Type: "test.Event", Client: "c", At: at, Payload: []byte("x")}},
		Streams:         []journal.Stream{{Subject: subject, Service: "concern", Client: "c", State: 1, Version: version}},
		WorklistEntries: []journal.WorklistEntry{{Subject: subject, Agency: "kela", Role: journal.RoleSender, Client: "c", Version: version, StartedAt: at}},
		Deliveries:      []journal.Delivery{{Agency: "kela", ID: id, Subject: subject, SubjectVersion: version, Record: []byte{10, 1, 'r'}}},
		Accesses:        []journal.Access{{At: at, By: []byte("by"), Role: "worker", Subject: subject, Client: "c", Method: "test/Write"}},
	}, {Accesses: []journal.Access{{At: at, By: []byte("by"), Role: "worker", Subject: subject, Client: "c", Method: "test/Read", Purpose: "why"}}}} {
		if _, err := store.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
}

func extend(t *testing.T, log journal.Log) {
	t.Helper()
	for {
		records, err := transparency.Extend(t.Context(), log)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			return
		}
	}
}

// heads returns the last hash of every history.
func heads(t *testing.T, store *sqlite.Store) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for event, err := range store.RawEvents(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all[event.Subject] = event.Hash
	}
	return all
}

func verify(t *testing.T, store *sqlite.Store, checkpoints ...transparency.Checkpoint) []string {
	t.Helper()
	findings, err := transparency.Verify(t.Context(), store, "concern", heads(t, store), checkpoints...)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// Every record is in the tree, and every tree extends every older one.
func TestProofs(t *testing.T) {
	store := open(t, t.TempDir())
	t.Cleanup(func() { _ = store.Close() })
	var trees []transparency.Checkpoint
	for version := range uint64(20) {
		write(t, store, "s/1", version+1)
		if version%3 == 0 {
			extend(t, store)
			at, err := transparency.At(t.Context(), store, "concern")
			if err != nil {
				t.Fatal(err)
			}
			trees = append(trees, at)
		}
	}
	records, err := store.AccessesAfter(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	last := trees[len(trees)-1]
	for index := range last.Leaves {
		proof, err := transparency.Inclusion(t.Context(), store, last.Leaves, index)
		if err != nil {
			t.Fatal(err)
		}
		leaf := tlog.RecordHash(transparency.Leaf(records[index]))
		if err := tlog.CheckRecord(proof, last.Leaves, last.Root, index, leaf); err != nil {
			t.Errorf("record %d: %v", index, err)
		}
		forged := records[index]
		forged.Purpose += "!"
		if err := tlog.CheckRecord(proof, last.Leaves, last.Root, index, tlog.RecordHash(transparency.Leaf(forged))); err == nil {
			t.Errorf("the proof of record %d accepts another record", index)
		}
	}
	for _, older := range trees {
		proof, err := transparency.Consistency(t.Context(), store, last.Leaves, older.Leaves)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckTree(proof, last.Leaves, last.Root, older.Leaves, older.Root); err != nil {
			t.Errorf("the tree of %d: %v", older.Leaves, err)
		}
	}
	if findings := verify(t, store, trees...); len(findings) > 0 {
		t.Error(findings)
	}
}

func TestCheckpointSignature(t *testing.T) {
	store, folder := open(t, t.TempDir()), t.TempDir()
	t.Cleanup(func() { _ = store.Close() })
	write(t, store, "s/1", 1)
	extend(t, store)
	for range 2 { // made once
		if err := transparency.MakeKeys(folder); err != nil {
			t.Fatal(err)
		}
	}
	signer, err := transparency.Signer(folder)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := os.ReadFile(filepath.Join(folder, transparency.VerifierFile))
	if err != nil {
		t.Fatal(err)
	}
	at, err := transparency.At(t.Context(), store, "concern")
	if err != nil {
		t.Fatal(err)
	}
	text, err := at.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	read, err := transparency.ParseCheckpoint(text, string(verifier))
	if err != nil || read.Root != at.Root || read.Leaves != 2 || read.Mailboxes["kela"].Sequence != 1 || string(read.Mailboxes["kela"].ChainHash) != string(at.Mailboxes["kela"].ChainHash) {
		t.Errorf("%+v %v", read, err)
	}
	if _, err := transparency.ParseCheckpoint([]byte(strings.Replace(string(text), "\n2\n", "\n1\n", 1)), string(verifier)); err == nil {
		t.Error("a changed checkpoint is accepted")
	}
}

// Every change or removal of access records, events or messages is found, with its place. A log
// that was rewritten completely is found by an earlier checkpoint.
func TestTampering(t *testing.T) {
	// Triggers prevent such changes by the program, but not by a person with access to the file.
	disarm := []string{
		"DROP TRIGGER accesses_update", "DROP TRIGGER accesses_delete", "DROP TRIGGER log_hashes_update", "DROP TRIGGER log_hashes_delete",
		"DROP TRIGGER events_update", "DROP TRIGGER events_delete", "DROP TRIGGER deliveries_update", "DROP TRIGGER deliveries_delete",
	}
	rewritten := append([]string{"DELETE FROM log_hashes", "UPDATE log_state SET leaves = 0, hashes = 0, number = 0"}, "UPDATE accesses SET purpose = 'else' WHERE number = 2")
	for name, test := range map[string]struct {
		statements []string
		// again builds the log again from the records.
		again bool
		want  string
	}{
		"untouched":          {nil, false, ""},
		"who":                {[]string{"UPDATE accesses SET by = x'78' WHERE number = 3"}, false, "accesses: number 3"},
		"whose":              {[]string{"UPDATE accesses SET client = 'x' WHERE number = 3"}, false, "accesses: number 3"},
		"when":               {[]string{"UPDATE accesses SET at = at + 1 WHERE number = 1"}, false, "accesses: number 1"},
		"why":                {[]string{"UPDATE accesses SET purpose = '' WHERE number = 4"}, false, "accesses: number 4"},
		"which history":      {[]string{"UPDATE accesses SET head = zeroblob(32) WHERE number = 5"}, false, "accesses: number 5"},
		"removed":            {[]string{"DELETE FROM accesses WHERE number = 2"}, false, "accesses: number 3, or one before it"},
		"last one removed":   {[]string{"DELETE FROM accesses WHERE number = 8"}, false, "accesses: 1 of the log's 8 are missing"},
		"two exchanged":      {[]string{"UPDATE accesses SET number = 99 WHERE number = 1", "UPDATE accesses SET number = 1 WHERE number = 2", "UPDATE accesses SET number = 2 WHERE number = 99"}, false, "accesses: number 1"},
		"a hash":             {[]string{"UPDATE log_hashes SET hash = zeroblob(32) WHERE position = 0"}, false, "accesses: number 1"},
		"an event":           {[]string{"UPDATE events SET hash = zeroblob(32) WHERE version = 4"}, false, "events: the history of s/1"},
		"events removed":     {[]string{"DELETE FROM events WHERE version = 4"}, false, "events: the history of s/1"},
		"messages removed":   {[]string{"DELETE FROM deliveries WHERE sequence >= 3"}, false, "deliveries: the first 4 messages of kela"},
		"messages rewritten": {[]string{"UPDATE deliveries SET chain_hash = zeroblob(32) WHERE sequence = 4"}, false, "deliveries: the first 4 messages of kela"},
		"all rewritten":      {rewritten, true, "log: the first 8 records differ from the checkpoint"},
		"all removed":        {[]string{"DELETE FROM log_hashes", "UPDATE log_state SET leaves = 0, hashes = 0, number = 0", "DELETE FROM accesses"}, true, "log: 8 of the 8 records"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			store := open(t, folder)
			for version := range uint64(4) {
				write(t, store, "s/1", version+1)
			}
			extend(t, store)
			checkpoint, err := transparency.At(t.Context(), store, "concern")
			if err != nil {
				t.Fatal(err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite", filepath.Join(folder, "j.db"))
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range append(disarm[:len(disarm):len(disarm)], test.statements...) {
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			store = open(t, folder)
			t.Cleanup(func() { _ = store.Close() })
			if test.again {
				extend(t, store)
			}
			findings := strings.Join(verify(t, store, checkpoint), "\n")
			if test.want == "" && findings != "" || !strings.Contains(findings, test.want) {
				t.Errorf("found %q", findings)
			}
		})
	}
}
