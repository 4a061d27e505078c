package journaltest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"koppi.internal/pkg/journal"
)

// Records are put, changed and removed, agency by agency, and stay over a restart.
func testRecords(t *testing.T, open Harness) {
	folder := t.TempDir()
	store := open(t, folder)
	wantRecords(t, store, "a", 0)
	wantRevisions(t, store, map[string]uint64{})
	// In byte order, "B" comes before "a" and "ä" comes last.
	var revision uint64
	for _, key := range []string{"ä", "B", "", "a"} {
		revision++
		if got := putRecords(t, store, record("a", "colleague", key, 0, "who")); got != revision {
			t.Errorf("revision %d after %d changes", got, revision)
		}
	}
	putRecords(t, store, record("a", "absence", "a", 0, "nul \x00 and \xff"), record("a", "zone", "z", 0, ""))
	putRecords(t, store, record("a-b", "colleague", "a", 0, "another's"))
	want := []journal.Record{
		record("a", "absence", "a", 1, "nul \x00 and \xff"), record("a", "colleague", "", 1, "who"), record("a", "colleague", "B", 1, "who"),
		record("a", "colleague", "a", 1, "who"), record("a", "colleague", "ä", 1, "who"), record("a", "zone", "z", 1, ""),
	}
	wantRecords(t, store, "a", 5, want...)
	wantRecords(t, store, "a-b", 1, record("a-b", "colleague", "a", 1, "another's"))
	removed := record("a", "colleague", "a", 1, "")
	removed.Body = nil
	if got := putRecords(t, store, record("a", "colleague", "B", 1, "who else"), removed, record("a", "absence", "b", 0, "new")); got != 6 {
		t.Errorf("revision %d", got)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = openedAt(t, open, folder)
	want[2] = record("a", "colleague", "B", 2, "who else")
	want = slices.Insert(slices.Delete(want, 3, 4), 1, record("a", "absence", "b", 1, "new"))
	wantRecords(t, store, "a", 6, want...)
	wantRevisions(t, store, map[string]uint64{"a": 6, "a-b": 1})
	// A removed record may be put again, and the last one may be removed.
	putRecords(t, store, record("a", "colleague", "a", 0, "back"))
	wantRecords(t, store, "a", 7, slices.Insert(slices.Clone(want), 4, record("a", "colleague", "a", 1, "back"))...)
	last := record("a-b", "colleague", "a", 1, "")
	last.Body = nil
	putRecords(t, store, last)
	wantRecords(t, store, "a-b", 2)
}

// A change of a record at another version is refused with all changes that come with it, and so are
// changes that contradict each other.
func testRecordsRefused(t *testing.T, open Harness) {
	store := opened(t, open)
	putRecords(t, store, record("a", "k", "1", 0, "one"), record("a", "k", "2", 0, "two"))
	putRecords(t, store, record("a", "k", "2", 1, "two again"))
	gone := func(key string, version uint64) journal.Record {
		return journal.Record{Agency: "a", Kind: "k", Key: key, Version: version}
	}
	for name, changes := range map[string][]journal.Record{
		"exists":             {record("a", "k", "1", 0, "x")},
		"older version":      {record("a", "k", "2", 1, "x")},
		"newer version":      {record("a", "k", "1", 2, "x")},
		"never put":          {record("a", "k", "3", 1, "x")},
		"removed, older":     {gone("2", 1)},
		"removed, newer":     {gone("1", 2)},
		"removed, never put": {gone("3", 1)},
		"the last of them":   {record("a", "k", "1", 1, "x"), gone("2", 2), record("a", "k", "3", 0, "x"), record("a", "k", "4", 1, "x")},
		"the first of them":  {record("a", "k", "1", 0, "x"), record("a", "k", "2", 2, "x"), record("a", "k", "3", 0, "x")},
	} {
		revision, err := store.PutRecords(t.Context(), changes...)
		var conflict *journal.ConflictError
		if !errors.As(err, &conflict) || !strings.HasPrefix(conflict.Subject, "k/a/") || revision != 0 {
			t.Errorf("%s: %d, %v", name, revision, err)
		}
	}
	for name, changes := range map[string][]journal.Record{
		"nothing":         nil,
		"no agency":       {record("", "k", "3", 0, "x")},
		"no kind":         {record("a", "", "3", 0, "x")},
		"two agencies":    {record("a", "k", "3", 0, "x"), record("b", "k", "3", 0, "x")},
		"twice":           {record("a", "k", "3", 0, "x"), record("a", "k", "3", 1, "x")},
		"removal of none": {gone("3", 0)},
	} {
		_, err := store.PutRecords(t.Context(), changes...)
		var conflict *journal.ConflictError
		if err == nil || errors.As(err, &conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantRecords(t, store, "a", 2, record("a", "k", "1", 1, "one"), record("a", "k", "2", 2, "two again"))
	wantRevisions(t, store, map[string]uint64{"a": 2})
}

// Of many changes of one record at once, one succeeds for each version. Changes of other records do
// not conflict, and each makes a revision of its own.
func testRecordsAtOnce(t *testing.T, open Harness) {
	store := opened(t, open)
	const writers, versions = 16, 5
	var group sync.WaitGroup
	var mu sync.Mutex
	var revisions []uint64
	took := func(revision uint64) {
		mu.Lock()
		defer mu.Unlock()
		revisions = append(revisions, revision)
	}
	for version := range uint64(versions) {
		won := 0
		for writer := range writers {
			group.Go(func() {
				body := fmt.Sprintf("%d by %d", version, writer)
				revision, err := store.PutRecords(t.Context(), record("a", "own", fmt.Sprint(writer), version, body))
				if err != nil {
					t.Error(err)
				}
				took(revision)
				revision, err = store.PutRecords(t.Context(), record("a", "contended", "one", version, body))
				var conflict *journal.ConflictError
				if err == nil {
					took(revision)
					mu.Lock()
					defer mu.Unlock()
					won++
				} else if !errors.As(err, &conflict) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if won != 1 {
			t.Errorf("%d succeeded on version %d", won, version)
		}
	}
	for want := range uint64(versions * (writers + 1)) {
		if !slices.Contains(revisions, want+1) {
			t.Errorf("no change made revision %d", want+1)
		}
	}
	records, revision, err := store.AgencyRecords(t.Context(), "a")
	if err != nil || len(records) != writers+1 || revision != versions*(writers+1) {
		t.Errorf("%d records at revision %d: %v", len(records), revision, err)
	}
	for _, one := range records {
		if one.Version != versions {
			t.Errorf("%s of %s is at version %d", one.Key, one.Kind, one.Version)
		}
	}
}

// testRecordsModel compares random changes with a map in Go. All draws share one store, and each has
// agencies of its own.
func testRecordsModel(t *testing.T, open Harness) {
	store := opened(t, open)
	draws := 0
	rapid.Check(t, func(rt *rapid.T) {
		draws++
		kept, revisions := map[string]map[string]journal.Record{}, map[string]uint64{}
		for range rapid.IntRange(1, 12).Draw(rt, "puts") {
			agency := fmt.Sprintf("%d-%d", draws, rapid.IntRange(0, 1).Draw(rt, "agency"))
			var changes []journal.Record
			wins := true
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"k/a", "k/b", "l/a"}), 1, 3, rapid.ID).Draw(rt, "names") {
				present := kept[agency][name].Version
				one := record(agency, name[:1], name[2:], rapid.SampledFrom([]uint64{present, present, present, present + 1, 1}).Draw(rt, "version"), "")
				if one.Version > 0 && rapid.Bool().Draw(rt, "removes") {
					one.Body = nil
				} else {
					one.Body = []byte(rapid.String().Draw(rt, "body"))
				}
				changes, wins = append(changes, one), wins && one.Version == present
			}
			revision, err := store.PutRecords(t.Context(), changes...)
			var conflict *journal.ConflictError
			if wins != (err == nil) || err != nil && !errors.As(err, &conflict) {
				rt.Fatalf("%+v: %v", changes, err)
			}
			if !wins {
				continue
			}
			if revisions[agency]++; revision != revisions[agency] {
				rt.Fatalf("revision %d, want %d", revision, revisions[agency])
			}
			if kept[agency] == nil {
				kept[agency] = map[string]journal.Record{}
			}
			for _, one := range changes {
				if one.Version++; one.Body == nil {
					delete(kept[agency], one.Kind+"/"+one.Key)
				} else {
					kept[agency][one.Kind+"/"+one.Key] = one
				}
			}
		}
		for agency, records := range kept {
			got, revision, err := store.AgencyRecords(t.Context(), agency)
			if err != nil || revision != revisions[agency] || len(got) != len(records) {
				rt.Fatalf("%s at %d: %+v, %v; want %+v at %d", agency, revision, got, err, records, revisions[agency])
			}
			for _, one := range got {
				if want := records[one.Kind+"/"+one.Key]; !reflect.DeepEqual(one, want) {
					rt.Fatalf("%+v, want %+v", one, want)
				}
			}
		}
	})
}

func record(agency, kind, key string, version uint64, body string) journal.Record {
	return journal.Record{Agency: agency, Kind: kind, Key: key, Version: version, Body: []byte(body)}
}

func putRecords(t *testing.T, store Store, records ...journal.Record) uint64 {
	t.Helper()
	revision, err := store.PutRecords(t.Context(), records...)
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func wantRecords(t *testing.T, store Store, agency string, revision uint64, want ...journal.Record) {
	t.Helper()
	got, at, err := store.AgencyRecords(t.Context(), agency)
	if err != nil || at != revision || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("records of %s at %d: %+v, %v; want %+v at %d", agency, at, got, err, want, revision)
	}
}

func wantRevisions(t *testing.T, store Store, want map[string]uint64) {
	t.Helper()
	if got, err := store.Revisions(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("revisions %v, %v; want %v", got, err, want)
	}
}
