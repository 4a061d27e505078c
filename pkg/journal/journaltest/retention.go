package journaltest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
)

// ending returns a batch with one more event of a subject, at a time, after which the subject has
// ended or not.
func ending(subject string, after uint64, at time.Time, ended bool) journal.Batch {
	b := batch(subject, after, "a")
	b.Events[0].At, b.Streams[0].Ended = at, ended
	return b
}

func endedOf(t *testing.T, store Store, query journal.EndedQuery) []string {
	t.Helper()
	found, err := store.Ended(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, one := range found {
		subjects = append(subjects, one.Subject+" "+one.At.Sub(noon).String())
	}
	return subjects
}

// A subject's end is the time when it first ended; a subject that is open again has none.
func testEnds(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, ending("s/open", 0, noon, false))
	mustAppend(t, store, ending("s/at once", 0, noon, true))
	mustAppend(t, store, ending("s/later", 0, noon, false))
	mustAppend(t, store, ending("s/later", 1, noon.Add(time.Hour), true))
	mustAppend(t, store, ending("s/later", 2, noon.Add(2*time.Hour), true)) // a note after the end
	mustAppend(t, store, ending("s/again", 0, noon, true))
	mustAppend(t, store, ending("s/again", 1, noon.Add(time.Hour), false))
	query := journal.EndedQuery{Before: noon.Add(3 * time.Hour), Limit: 10}
	if got := endedOf(t, store, query); !slices.Equal(got, []string{"s/at once 0s", "s/later 1h0m0s"}) {
		t.Errorf("%q", got)
	}
	mustAppend(t, store, ending("s/again", 2, noon.Add(2*time.Hour), true))
	if got := endedOf(t, store, query); !slices.Equal(got, []string{"s/at once 0s", "s/later 1h0m0s", "s/again 2h0m0s"}) {
		t.Errorf("%q", got)
	}
	query.Before = noon.Add(time.Hour)
	query.After = &journal.Ended{Subject: "s/at once", At: noon}
	if got := endedOf(t, store, query); !slices.Equal(got, []string{"s/later 1h0m0s"}) {
		t.Errorf("%q", got)
	}
	query.After, query.Limit = nil, 1
	if got := endedOf(t, store, query); !slices.Equal(got, []string{"s/at once 0s"}) {
		t.Errorf("%q", got)
	}
}

// An expired subject loses its content as an erased one does, its term is recorded, and it is in no
// worklist any more.
func testExpire(t *testing.T, open Harness) {
	store := opened(t, open)
	first := ending("s/1", 0, noon, true)
	first.Clients = map[string][]byte{"s/1": []byte("who")}
	mustAppend(t, store, first)
	mustAppend(t, store, ending("s/2", 0, noon, true))
	query := journal.EndedQuery{Before: noon, Limit: 10}
	if err := store.Expire(t.Context(), journal.Expiry{Subject: "s/1", Classes: []journal.Class{journal.ClassCorrespondence}, Years: 3}); err != nil {
		t.Fatal(err)
	}
	if got := endedOf(t, store, query); !slices.Equal(got, []string{"s/2 0s"}) {
		t.Errorf("%q", got)
	}
	query.Expired = 3
	if got := endedOf(t, store, query); !slices.Equal(got, []string{"s/1 0s"}) {
		t.Errorf("%q", got)
	}
	if box := mailbox(t, store, "a"); !box[0].Tombstone || box[1].Tombstone {
		t.Errorf("%+v", box)
	}
	if events := mustLoad(t, store, "s/1"); events[0].Erased {
		t.Error("another class was destroyed too")
	}
	// This subject is open and has a due time; without its document, it is due for nothing.
	due := holding(holding(ending("s/3", 0, noon, false), "", "open/client", "s/3", ""), "", "request/1", "s/3", "")
	due.Streams[0].NextCheckAt, due.WorklistEntries[0].DueAt, due.WorklistEntries[0].WaitingOn = noon, noon, "a"
	mustAppend(t, store, due)
	for _, subject := range []string{"s/1", "s/3", "s/3"} {
		if err := store.Expire(t.Context(), journal.Expiry{Subject: subject, ReleaseBut: "request/"}); err != nil {
			t.Fatal(err)
		}
		if events := mustLoad(t, store, subject); !events[0].Erased {
			t.Errorf("%s is there", subject)
		}
	}
	if gone, err := store.Destroyed(t.Context()); err != nil || !slices.Equal(gone, []string{"s/1", "s/3"}) {
		t.Errorf("%v %v", gone, err)
	}
	if _, err := store.Client(t.Context(), "s/1"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if held, err := store.UniqueKeys(t.Context(), "open/client", "request/1"); err != nil || len(held) != 1 || held["request/1"].Subject != "s/3" {
		t.Errorf("%v %v", held, err)
	}
	if waiting, err := store.Due(t.Context(), noon, 10); err != nil || len(waiting) != 0 {
		t.Errorf("%v %v", waiting, err)
	}
	listed, err := store.WorklistEntries(t.Context(), journal.Query{Agency: "a"})
	if err != nil || len(listed) != 1 || listed[0].Subject != "s/2" {
		t.Errorf("%+v %v", listed, err)
	}
	if got := endedOf(t, store, query); !slices.Equal(got, []string{"s/1 0s"}) {
		t.Errorf("a recorded end is lost: %q", got)
	}
	of, err := store.Subjects(t.Context(), "client")
	if none, _ := store.Subjects(t.Context(), "other"); err != nil || !slices.Equal(of, []string{"s/1", "s/2", "s/3"}) || len(none) != 0 {
		t.Errorf("%v %v %v", of, none, err)
	}
}

// A subject with holds is kept until every hold is released.
func testHolds(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, ending("s/1", 0, noon, true))
	holds := []journal.RetentionHold{
		{Subject: "s/1", Reason: "a court asks", By: "operator", At: noon}, {Subject: "s/1", Reason: "a complaint", By: "other", At: noon.Add(time.Hour)},
	}
	for _, hold := range holds {
		if err := store.Hold(t.Context(), hold); err != nil {
			t.Fatal(err)
		}
	}
	if entry, err := store.Holds(t.Context()); err != nil || !reflect.DeepEqual(entry, holds) {
		t.Errorf("%v %v", entry, err)
	}
	if err := store.Hold(t.Context(), journal.RetentionHold{Subject: "s/none", Reason: "r", By: "b", At: noon}); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("an unknown subject is held: %v", err)
	}
	query := journal.EndedQuery{Before: noon, Limit: 10}
	if got := endedOf(t, store, query); len(got) != 0 {
		t.Errorf("%q", got)
	}
	if err := store.Expire(t.Context(), journal.Expiry{Subject: "s/1", Years: 3}); !errors.Is(err, journal.ErrHeld) {
		t.Errorf("%v", err)
	}
	if events := mustLoad(t, store, "s/1"); events[0].Erased {
		t.Error("a held subject was destroyed")
	}
	if err := store.Release(t.Context(), "s/1", "operator", noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := store.Release(t.Context(), "s/1", "operator", noon); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("released twice: %v", err)
	}
	if got := endedOf(t, store, query); len(got) != 1 {
		t.Errorf("%q", got)
	}
	if err := store.Expire(t.Context(), journal.Expiry{Subject: "s/1"}); err != nil {
		t.Error(err)
	}
}
