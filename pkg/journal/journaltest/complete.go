package journaltest

import (
	"slices"
	"testing"

	"koppi.internal/pkg/journal"
)

// Entries that an earlier version of the program wrote have no number, parts and marks until Complete. It
// changes nothing that they have and no entry of an officer, and entries of appends need it not.
func testCompletions(t *testing.T, open Harness, before Before) {
	folder := t.TempDir()
	store := openedAt(t, open, folder)
	for _, subject := range []string{"s/1", "s/2", "s/3"} {
		mustAppend(t, store, batch(subject, 0, "a"))
	}
	officers := batch("s/4", 0, "a")
	officers.WorklistEntries[0] = journal.WorklistEntry{Subject: "s/4", Agency: "a", Role: journal.RoleOfficer, Version: 1, StartedAt: noon}
	mustAppend(t, store, officers)
	incomplete := func(limit int, want ...string) {
		t.Helper()
		if got, err := store.Incomplete(t.Context(), limit); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, want %v (%v)", got, want, err)
		}
	}
	incomplete(10)
	before(t, folder, append(asBefore("s/3"), asBefore("s/2")...)...)
	old := rowOf(t, store, "s/2")
	incomplete(10, "s/2", "s/3")
	incomplete(1, "s/2")

	// s/5 begins between the two calls, and s/1 has its number and parts.
	mustAppend(t, store, batch("s/5", 0, "a"))
	other := map[string]string{"a": " other ", "b": " other "}
	if err := store.Complete(t.Context(),
		journal.Completion{Subject: "s/1", Number: "other", Parts: other}, journal.Completion{Subject: "s/2", Number: "N-2", Parts: map[string]string{"a": " v @w ", "b": " x "}, Marks: map[string]int32{"a": 6, "b": 1}},
		journal.Completion{Subject: "s/4", Number: "other", Parts: other}, journal.Completion{Subject: "s/5", Number: "other", Parts: other},
		journal.Completion{Subject: "s/none", Number: "other", Parts: other}); err != nil {
		t.Fatal(err)
	}
	incomplete(10, "s/3")
	want := old
	want.Number, want.Parts, want.Marks = "N-2", " v @w ", 6
	if row := rowOf(t, store, "s/2"); row != want || old.Number != "" || old.Parts != "" {
		t.Errorf("%+v, want %+v", row, want)
	}
	for subject, want := range map[string][2]string{"s/1": {"N-s/1", " u "}, "s/3": {}, "s/4": {}, "s/5": {"N-s/5", " u "}} {
		if row := rowOf(t, store, subject); row.Number != want[0] || row.Parts != want[1] {
			t.Errorf("%s: %+v", subject, row)
		}
	}
	if rows, err := store.WorklistEntries(t.Context(), journal.Query{Agency: "a", Number: "N-2"}); err != nil || len(rows) != 1 {
		t.Errorf("%+v %v", rows, err)
	}
	// What lacks its parts alone is incomplete too.
	before(t, folder, `UPDATE standings SET parts = '' WHERE subject = 's/1'`)
	incomplete(10, "s/1", "s/3")
	if err := store.Complete(t.Context(), journal.Completion{Subject: "s/1", Parts: map[string]string{"a": " y "}}); err != nil {
		t.Fatal(err)
	}
	if row := rowOf(t, store, "s/1"); row.Number != "N-s/1" || row.Parts != " y " {
		t.Errorf("%+v", row)
	}
	before(t, folder, `UPDATE standings SET parts = '' WHERE subject = 's/1'`)
	if err := store.Complete(t.Context(), journal.Completion{Subject: "s/1", Number: "N", Parts: map[string]string{"other": " y "}}); err != nil {
		t.Fatal(err)
	}
	if row := rowOf(t, store, "s/1"); row.Number != "N-s/1" || row.Parts != " " {
		t.Errorf("of nobody: %+v", row)
	}
	// Or its marks alone, which count as none until then.
	before(t, folder, `UPDATE standings SET marks = -1 WHERE subject = 's/1'`)
	incomplete(10, "s/1", "s/3")
	if row := rowOf(t, store, "s/1"); row.Marks != 0 {
		t.Errorf("%+v", row)
	}
	if rows, err := store.WorklistEntries(t.Context(), journal.Query{Agency: "a", Subject: "s/1", Marks: 2}); err != nil || len(rows) != 0 {
		t.Errorf("%+v %v", rows, err)
	}
	if err := store.Complete(t.Context(), journal.Completion{Subject: "s/1", Number: "N", Marks: map[string]int32{"other": 2}}); err != nil {
		t.Fatal(err)
	}
	incomplete(10, "s/3")
	mustAppend(t, store, batch("s/3", 1, "a"))
	incomplete(10)
	if err := store.Complete(t.Context()); err != nil {
		t.Error(err)
	}
}

// A query for what one person may read selects entries by their parts alone.
func testReadable(t *testing.T, open Harness) {
	store := openedAt(t, open, t.TempDir())
	for subject, parts := range map[string]string{"s/1": " u ", "s/2": " uu @w ", "s/3": " x u2 ", "s/4": " ", "s/5": "", "s/6": " gone "} {
		b := batch(subject, 0, "a", "b")
		for i := range b.WorklistEntries {
			b.WorklistEntries[i].Client = "client " + subject
		}
		b.Events[0].Client, b.Streams[0].Client, b.Accesses[0].Client = "client "+subject, "client "+subject, "client "+subject
		b.WorklistEntries[0].Parts = parts
		mustAppend(t, store, b)
	}
	known := []string{" u ", " uu ", " x ", " u2 "}
	for name, test := range map[string]struct {
		readable journal.Readable
		want     []string
	}{
		"nothing":              {journal.Readable{}, nil},
		"one unit":             {journal.Readable{Parts: []string{" u "}}, []string{"s/1"}},
		"two":                  {journal.Readable{Parts: []string{" u ", " u2 "}}, []string{"s/1", "s/3"}},
		"a worker":             {journal.Readable{Parts: []string{" @w "}}, []string{"s/2"}},
		"no wild card":         {journal.Readable{Parts: []string{"%", "_", " u%"}}, nil},
		"units that are gone":  {journal.Readable{Parts: []string{" u "}, None: known}, []string{"s/1", "s/4", "s/6"}},
		"a client's":           {journal.Readable{Clients: []string{"client s/3", "client s/1"}, ClientParts: []string{" x "}}, []string{"s/3"}},
		"a client's elsewhere": {journal.Readable{Clients: []string{"client s/3"}, ClientParts: []string{" u "}}, nil},
		"both":                 {journal.Readable{Parts: []string{" u "}, Clients: []string{"client s/2"}, ClientParts: []string{" uu "}}, []string{"s/1", "s/2"}},
	} {
		for _, query := range []journal.Query{{Agency: "a"}, {Agency: "a", OpenOnly: true}, {Agency: "a", Role: journal.RoleReceiver}, {Agency: "a", Case: "case"}} {
			query.Readable = &test.readable
			rows, err := store.WorklistEntries(t.Context(), query)
			var got []string
			for _, row := range rows {
				got = append(got, row.Subject)
			}
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%s: %+v: %v, want %v (%v)", name, query, got, test.want, err)
			}
		}
	}
}
