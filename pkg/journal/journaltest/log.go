package journaltest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"koppi.internal/pkg/journal"
)

func testAccessLog(t *testing.T, open Harness) {
	store := opened(t, open)
	for i := range 5 {
		access := journal.Access{At: noon.Add(time.Duration(i) * time.Hour), By: []byte("by"), Role: "tester", Client: "client", Method: "test/Read", Purpose: fmt.Sprint(i)}
		mustAppend(t, store, journal.Batch{Accesses: []journal.Access{access}})
		access.Client = "another"
		mustAppend(t, store, journal.Batch{Accesses: []journal.Access{access}})
		access.Client, access.Role = "client", "clock"
		mustAppend(t, store, journal.Batch{Accesses: []journal.Access{access}})
	}
	list := func(query journal.AccessQuery) string {
		t.Helper()
		found, err := store.Accesses(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		purposes := ""
		for _, one := range found {
			if one.Client != "client" || one.Role != "tester" || string(one.By) != "by" {
				t.Errorf("%+v", one)
			}
			purposes += one.Purpose
		}
		return purposes
	}
	if all := list(journal.AccessQuery{Client: "client", Limit: 10}); all != "43210" {
		t.Errorf("%q", all)
	}
	first, err := store.Accesses(t.Context(), journal.AccessQuery{Client: "client", Limit: 2})
	if err != nil || len(first) != 2 {
		t.Fatalf("%v %v", first, err)
	}
	if rest := list(journal.AccessQuery{Client: "client", Limit: 10, Before: first[1].Number}); rest != "210" {
		t.Errorf("%q", rest)
	}
	if hour := list(journal.AccessQuery{Client: "client", Limit: 10, From: noon.Add(time.Hour).UnixMicro(), To: noon.Add(3 * time.Hour).UnixMicro()}); hour != "21" {
		t.Errorf("%q", hour)
	}
	// The filter for an agency's own accesses: By starts with the agency's name, in the encoding of
	// koppi.common.v1.Party.
	for i, agency := range []string{"a", "ab", "a", strings.Repeat("x", 100)} {
		by := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), agency)
		by = protowire.AppendString(protowire.AppendTag(by, 2, protowire.BytesType), "u")
		mustAppend(t, store, journal.Batch{Accesses: []journal.Access{{At: noon, By: by, Role: "tester", Client: "of", Method: "test/Read", Purpose: fmt.Sprint(i)}}})
	}
	for agency, want := range map[string]string{"a": "20", "ab": "1", "b": "", strings.Repeat("x", 100): "3", "": "3210"} {
		found, err := store.Accesses(t.Context(), journal.AccessQuery{Client: "of", Agency: agency, Limit: 10})
		got := ""
		for _, one := range found {
			got += one.Purpose
		}
		if err != nil || got != want {
			t.Errorf("accesses of %q: %q, want %q (%v)", agency, got, want, err)
		}
	}
}

func testLog(t *testing.T, open Harness) {
	store := opened(t, open)
	begun, err := store.LogState(t.Context())
	if err != nil || begun != (journal.LogState{}) {
		t.Fatalf("%+v %v", begun, err)
	}
	mustAppend(t, store, batch("s/1", 0, "a"))
	mustAppend(t, store, journal.Batch{Accesses: []journal.Access{{At: noon, Method: "test/Read", Subject: "s/1", Client: "client"}}})
	mustAppend(t, store, batch("s/1", 1, "a"))
	all, err := store.AccessesAfter(t.Context(), 0, 10)
	if err != nil || len(all) != 3 || all[0].Number >= all[1].Number || all[1].Number >= all[2].Number {
		t.Fatalf("%+v %v", all, err)
	}
	changes, err := store.Accesses(t.Context(), journal.AccessQuery{Client: "client", ChangesOf: "s/1", Before: all[2].Number, Limit: 1})
	if err != nil || len(changes) != 1 || changes[0].Number != all[0].Number {
		t.Errorf("the change before the last is %+v %v", changes, err)
	}
	events := mustLoad(t, store, "s/1")
	if !bytes.Equal(all[0].Head, events[0].Hash) || all[1].Head != nil || !bytes.Equal(all[2].Head, events[1].Hash) {
		t.Error("a write does not record the hash of its last event, or a reading does")
	}
	if rest, err := store.AccessesAfter(t.Context(), all[0].Number, 1); err != nil || len(rest) != 1 || rest[0].Number != all[1].Number {
		t.Errorf("%+v %v", rest, err)
	}
	hashes := [][]byte{bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32), bytes.Repeat([]byte{3}, 32)}
	to := journal.LogState{Leaves: 2, Hashes: 3, Number: all[1].Number}
	if err := store.ExtendLog(t.Context(), begun, to, hashes); err != nil {
		t.Fatal(err)
	}
	if err := store.ExtendLog(t.Context(), begun, to, hashes); !errors.Is(err, journal.ErrLogMoved) {
		t.Errorf("extended twice from one state: %v", err)
	}
	if now, err := store.LogState(t.Context()); err != nil || now != to {
		t.Errorf("%+v %v", now, err)
	}
	kept, err := store.LogHashes(t.Context(), 2, 0)
	if err != nil || !bytes.Equal(kept[0], hashes[2]) || !bytes.Equal(kept[1], hashes[0]) {
		t.Errorf("%v %v", kept, err)
	}
	if _, err := store.LogHashes(t.Context(), 3); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("a hash that was never kept: %v", err)
	}
}
