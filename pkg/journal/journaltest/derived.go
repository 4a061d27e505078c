package journaltest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
)

// asBefore returns statements that insert the rows of a subject at version 1, disclosed to agency
// a, as the previous version of the program does: it knows neither loops.derived nor
// standings.touched, number or parts.
func asBefore(subject string) []string {
	return []string{
		`DELETE FROM loops WHERE subject = '` + subject + `'`,
		`INSERT INTO loops (subject, service, client, case_id, state, version, head, next_check_at, ended)
			SELECT subject, 'test', client, case_id, 1, version, hash, 9223372036854775807, false FROM events WHERE subject = '` + subject + `'`,
		`DELETE FROM standings WHERE subject = '` + subject + `'`,
		`INSERT INTO standings (subject, agency, role, unit, worker, client, case_id, state, phase, waiting_on, due_at, overdue, hidden,
				ended, version, started_at, urgency, withdrawn_at)
			VALUES ('` + subject + `', 'a', 'receiver', '', '', 'client', 'case', 1, 0, '', 9223372036854775807, false, false, false, 1, 0, 0, 0)`,
	}
}

func staleOf(t *testing.T, store Store, limit int) []string {
	t.Helper()
	stale, err := store.Stale(t.Context(), limit)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range stale {
		names = append(names, fmt.Sprintf("%s %d", one.Subject, one.Version))
	}
	return names
}

// rowOf returns a subject's only worklist entry.
func rowOf(t *testing.T, store Store, subject string) journal.WorklistEntry {
	t.Helper()
	rows, err := store.WorklistEntries(t.Context(), journal.Query{Subject: subject, WithHidden: true})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%+v %v", rows, err)
	}
	return rows[0]
}

// anew returns a batch that derives the rows of a subject at a version again, with a worklist entry
// for agency a.
func anew(subject string, version uint64) journal.Batch {
	made := batch(subject, version-1, "a")
	made.Streams[0].State, made.Streams[0].NextCheckAt = 7, noon
	row := &made.WorklistEntries[0]
	row.State, row.DueAt, row.WaitingOn, row.Touched = 7, noon, "a", false
	return journal.Batch{Derived: made.Streams, WorklistEntries: made.WorklistEntries}
}

// Stale returns rows that the previous version of the program wrote. They are derived again only
// where nothing has happened to the subject since, and without an event, a message or an access.
func testDerived(t *testing.T, open Harness, before Before) {
	folder := t.TempDir()
	store := openedAt(t, open, folder)
	for _, subject := range []string{"s/old", "s/new", "s/moved", "s/gone", "s/ended", "s/ends"} {
		mustAppend(t, store, batch(subject, 0, "a"))
	}
	mustAppend(t, store, batch("s/moved", 1, "a"))
	mustAppend(t, store, ending("s/ended", 1, noon, true))
	if stale := staleOf(t, store, 10); len(stale) != 0 {
		t.Errorf("rows of an append are stale: %v", stale)
	}
	before(t, folder, append(asBefore("s/old"),
		// The state in which that program's upsert of version 2 leaves a row that this program had
		// written.
		`UPDATE loops SET derived = 1 WHERE subject IN ('s/moved', 's/ended')`,
		`UPDATE loops SET derived = 0 WHERE subject IN ('s/gone', 's/ends')`)...)
	if got, first := staleOf(t, store, 10), staleOf(t, store, 1); !slices.Equal(got, []string{"s/ends 1", "s/gone 1", "s/old 1", "s/moved 2"}) || !slices.Equal(first, got[:1]) {
		t.Errorf("%v %v", got, first)
	}
	listed, err := store.Stale(t.Context(), 3)
	if want := (journal.Stream{Subject: "s/old", Service: "test", Client: "client", Case: "case", State: 1, Version: 1}); err != nil || listed[2] != want {
		t.Errorf("%+v %v", listed, err)
	}
	if row := rowOf(t, store, "s/old"); !row.Touched {
		t.Errorf("rows of the previous version count as untouched: %+v", row)
	}

	messages, records := len(mailbox(t, store, "a")), recordsOf(t, store)
	refused := func(what string, b journal.Batch, subject string) {
		t.Helper()
		var conflict *journal.ConflictError
		if _, err := store.Append(t.Context(), b); !errors.As(err, &conflict) || conflict.Subject != subject {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("at another version", anew("s/moved", 1), "s/moved")
	refused("of what is not stale", anew("s/new", 1), "s/new")
	refused("of what has ended", anew("s/ended", 2), "s/ended")
	refused("of nothing", anew("s/none", 1), "s/none")
	both, other := anew("s/old", 1), anew("s/moved", 3)
	both.Derived, both.WorklistEntries = append(both.Derived, other.Derived...), append(both.WorklistEntries, other.WorklistEntries...)
	refused("one of both at another version", both, "s/moved")
	if due, err := store.Due(t.Context(), noon, 10); err != nil || len(due) != 0 || rowOf(t, store, "s/old").State != 1 || len(staleOf(t, store, 10)) != 4 {
		t.Errorf("a refused derivation changed rows: %v %v", due, err)
	}

	mustAppend(t, store, anew("s/old", 1))
	if row := rowOf(t, store, "s/old"); row != anew("s/old", 1).WorklistEntries[0] {
		t.Errorf("%+v", row)
	}
	if due, err := store.Due(t.Context(), noon, 10); err != nil || !slices.Equal(due, []string{"s/old"}) {
		t.Errorf("due: %v %v", due, err)
	}
	refused("a second time", anew("s/old", 1), "s/old")
	ends := anew("s/ends", 1)
	ends.Derived[0].Ended, ends.Derived[0].NextCheckAt = true, time.Time{}
	mustAppend(t, store, ends)
	if got := endedOf(t, store, journal.EndedQuery{Before: noon, Limit: 10}); !slices.Equal(got, []string{"s/ended 0s", "s/ends 0s"}) {
		t.Errorf("it ended with its last event: %v", got)
	}
	if err := store.Expire(t.Context(), journal.Expiry{Subject: "s/gone"}); err != nil {
		t.Fatal(err)
	}
	refused("of what was destroyed", anew("s/gone", 1), "s/gone")
	if got := staleOf(t, store, 10); !slices.Equal(got, []string{"s/moved 2"}) {
		t.Errorf("%v", got)
	}
	if len(mailbox(t, store, "a")) != messages || recordsOf(t, store) != records || len(mustLoad(t, store, "s/old")) != 1 {
		t.Error("a derivation stored a message, an access or an event")
	}
	mustAppend(t, store, batch("s/old", 1, "a"))
	mustAppend(t, store, batch("s/moved", 2, "a"))
	if got := staleOf(t, store, 10); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func recordsOf(t *testing.T, store Store) (count int) {
	t.Helper()
	for _, err := range store.RawAccesses(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		count++
	}
	return count
}

// Of two derivations at once, also in one group, one succeeds. Of a derivation and an append at
// once, the rows of the append stay.
func testDerivedAtOnce(t *testing.T, open Harness, before Before) {
	folder := t.TempDir()
	store := openedAt(t, open, folder)
	for round := range 60 {
		subject, step := fmt.Sprintf("s/%02d", round), round%2 == 0
		mustAppend(t, store, batch(subject, 0, "a"))
		before(t, folder, `UPDATE loops SET derived = 0 WHERE subject = '`+subject+`'`)
		other := batch("other/"+subject, 0)
		if step {
			other = batch(subject, 1, "a")
		}
		results := make([]error, 4)
		var wg sync.WaitGroup
		for i, b := range []journal.Batch{other, anew(subject, 1), anew(subject, 1), anew(subject, 1)} {
			wg.Go(func() { _, results[i] = store.Append(context.Background(), b) })
		}
		wg.Wait()
		won := 0
		for i, err := range results {
			var conflict *journal.ConflictError
			switch {
			case err == nil && i > 0:
				won++
			case err != nil && (i == 0 || !errors.As(err, &conflict)):
				t.Error(err)
			}
		}
		row, stale := rowOf(t, store, subject), staleOf(t, store, 10)
		if won > 1 || won == 0 && !step || step != (row.State == 1) || len(stale) != 0 {
			t.Errorf("%d derived: %+v, stale %v", won, row, stale)
		}
	}
	if due, err := store.Due(t.Context(), noon, 100); err != nil || len(due) != 30 {
		t.Errorf("%v %v", due, err)
	}
}
