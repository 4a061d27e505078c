package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"koppi.internal/pkg/journal"
)

// The bodies of records are not in the files in the clear. A body that was moved to another record or
// version, or that was changed, is refused.
func TestRecordsSealed(t *testing.T) {
	folder := t.TempDir()
	store := open(t, folder)
	defer func() { _ = store.Close() }()
	put := func(records ...journal.Record) {
		t.Helper()
		if _, err := store.PutRecords(t.Context(), records...); err != nil {
			t.Fatal(err)
		}
	}
	secret := []byte("works in the secret unit")
	put(journal.Record{Agency: "a", Kind: "k", Key: "1", Body: secret}, journal.Record{Agency: "a", Kind: "k", Key: "2", Body: secret},
		journal.Record{Agency: "a", Kind: "l", Key: "1", Body: secret}, journal.Record{Agency: "a", Kind: "k", Key: "3", Body: secret})
	put(journal.Record{Agency: "b", Kind: "k", Key: "1", Body: secret})
	files, err := filepath.Glob(filepath.Join(folder, "test.*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%v %v", files, err)
	}
	for _, file := range files {
		if content, err := os.ReadFile(file); err != nil || bytes.Contains(content, secret) {
			t.Errorf("%s holds a body in the clear (%v)", filepath.Base(file), err)
		}
	}
	raw, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "test.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	// The copy of the rows is in a temporary table, which one connection alone sees.
	raw.SetMaxOpenConns(1)
	const row = `agency = 'a' AND kind = 'k' AND key = '3'`
	var before []byte
	if err := raw.QueryRow(`SELECT body FROM records WHERE ` + row).Scan(&before); err != nil {
		t.Fatal(err)
	}
	put(journal.Record{Agency: "a", Kind: "k", Key: "3", Version: 1, Body: secret})
	for name, change := range map[string]struct {
		statement string
		args      []any
	}{
		"two keys swapped": {`UPDATE records SET body = (SELECT body FROM records AS other WHERE other.agency = 'a' AND other.kind = 'k' AND other.key = CASE records.key WHEN '1' THEN '2' ELSE '1' END)
			WHERE agency = 'a' AND kind = 'k' AND key IN ('1', '2')`, nil},
		"another kind":   {`UPDATE records SET body = (SELECT body FROM records WHERE kind = 'l') WHERE agency = 'a' AND kind = 'k' AND key = '1'`, nil},
		"another agency": {`UPDATE records SET body = (SELECT body FROM records WHERE agency = 'b') WHERE agency = 'a' AND kind = 'k' AND key = '1'`, nil},
		"older body":     {`UPDATE records SET body = ? WHERE ` + row, []any{before}},
		"other version":  {`UPDATE records SET version = 3 WHERE ` + row, nil},
		"one byte more":  {`UPDATE records SET body = CAST(body || x'00' AS BLOB) WHERE ` + row, nil},
		"renamed":        {`UPDATE records SET key = '4' WHERE ` + row, nil},
	} {
		if _, err := raw.Exec(`CREATE TEMP TABLE kept AS SELECT * FROM records`); err != nil {
			t.Fatal(err)
		}
		if _, err := raw.Exec(change.statement, change.args...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if records, _, err := store.AgencyRecords(t.Context(), "a"); !errors.Is(err, journal.ErrUnreadable) || records != nil {
			t.Errorf("%s: %d records, %v", name, len(records), err)
		}
		for _, statement := range []string{`DELETE FROM records`, `INSERT INTO records SELECT * FROM kept`, `DROP TABLE kept`} {
			if _, err := raw.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	if records, revision, err := store.AgencyRecords(t.Context(), "a"); err != nil || len(records) != 4 || revision != 2 {
		t.Errorf("%d records at revision %d: %v", len(records), revision, err)
	}
	if err := store.Erase(t.Context(), "records/a"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.AgencyRecords(t.Context(), "a"); !errors.Is(err, journal.ErrUnreadable) {
		t.Errorf("without the key: %v", err)
	}
}
