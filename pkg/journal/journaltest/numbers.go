package journaltest

import (
	"slices"
	"testing"

	"koppi.internal/pkg/journal"
)

// Entries that the previous version of the program wrote have no number until SetNumbers. It changes
// no number, no entry of an officer and nothing but the number, and entries of appends need it not.
func testNumbers(t *testing.T, open Harness, before Before) {
	folder := t.TempDir()
	store := openedAt(t, open, folder)
	for _, subject := range []string{"s/1", "s/2", "s/3"} {
		mustAppend(t, store, batch(subject, 0, "a"))
	}
	officers := batch("s/4", 0, "a")
	officers.WorklistEntries[0] = journal.WorklistEntry{Subject: "s/4", Agency: "a", Role: journal.RoleOfficer, Version: 1, StartedAt: noon}
	mustAppend(t, store, officers)
	unnumbered := func(limit int, want ...string) {
		t.Helper()
		if got, err := store.Unnumbered(t.Context(), limit); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, want %v (%v)", got, want, err)
		}
	}
	unnumbered(10)
	before(t, folder, append(asBefore("s/3"), asBefore("s/2")...)...)
	old := rowOf(t, store, "s/2")
	unnumbered(10, "s/2", "s/3")
	unnumbered(1, "s/2")

	// s/5 begins between the two calls, and s/1 has its number.
	mustAppend(t, store, batch("s/5", 0, "a", "b"))
	if err := store.SetNumbers(t.Context(), map[string]string{"s/1": "other", "s/2": "N-2", "s/4": "other", "s/5": "other", "s/none": "other"}); err != nil {
		t.Fatal(err)
	}
	unnumbered(10, "s/3")
	want := old
	want.Number = "N-2"
	if row := rowOf(t, store, "s/2"); row != want || old.Number != "" {
		t.Errorf("%+v, want %+v", row, want)
	}
	for subject, want := range map[string]string{"s/1": "N-s/1", "s/3": "", "s/4": ""} {
		if row := rowOf(t, store, subject); row.Number != want {
			t.Errorf("%s: %+v", subject, row)
		}
	}
	if rows, err := store.WorklistEntries(t.Context(), journal.Query{Agency: "a", Number: "N-2"}); err != nil || len(rows) != 1 {
		t.Errorf("%+v %v", rows, err)
	}
	mustAppend(t, store, batch("s/3", 1, "a"))
	unnumbered(10)
	if err := store.SetNumbers(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
