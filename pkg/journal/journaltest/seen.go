package journaltest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
)

// A batch depends on the versions of other subjects that it has seen. Where one of them has changed
// or begun since, the batch is refused and changes nothing.
func testSeen(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, batch("s/seen", 0))
	for name, test := range map[string]struct {
		seen map[string]uint64
		want bool
	}{
		"as it is":    {map[string]uint64{"s/seen": 1, "s/none": 0}, true},
		"moved on":    {map[string]uint64{"s/seen": 0}, false},
		"not so far":  {map[string]uint64{"s/seen": 2}, false},
		"not begun":   {map[string]uint64{"s/none": 1}, false},
		"one of both": {map[string]uint64{"s/none": 0, "s/seen": 0}, false},
	} {
		b := batch("s/"+name, 0, "a")
		b.Seen = test.seen
		_, err := store.Append(t.Context(), b)
		var conflict *journal.ConflictError
		if test.want != (err == nil) || err != nil && (!errors.As(err, &conflict) || test.seen[conflict.Subject] == 1 && conflict.Subject == "s/seen") {
			t.Errorf("%s: %v", name, err)
		}
		if there := len(mustLoad(t, store, "s/"+name)) > 0; there != test.want {
			t.Errorf("%s: it exists: %v", name, there)
		}
	}
	both := batch("s/both", 0)
	both.Seen = map[string]uint64{"s/both": 0}
	if _, err := store.Append(t.Context(), both); err == nil {
		t.Error("a subject that is both changed and only read is accepted")
	}
}

// Of two batches that each saw that the other's subject had not begun, one succeeds, also when both
// come in one group.
func testSeenAtOnce(t *testing.T, open Harness) {
	store := opened(t, open)
	for round := range 50 {
		names := []string{fmt.Sprintf("s/one-%d", round), fmt.Sprintf("s/other-%d", round)}
		results := make([]error, 2)
		var wg sync.WaitGroup
		for i := range names {
			wg.Go(func() {
				b := batch(names[i], 0, "a")
				b.Seen = map[string]uint64{names[1-i]: 0}
				_, results[i] = store.Append(context.Background(), b)
			})
		}
		wg.Wait()
		if (results[0] == nil) == (results[1] == nil) {
			t.Fatalf("%v, %v", results[0], results[1])
		}
	}
}

// A consent directive has a key of its own class, is erased with all the others, and does not count
// as an encounter.
func testDirectives(t *testing.T, open Harness) {
	store := opened(t, open)
	b := batch("s/1", 0)
	b.Events[0].Class, b.Events[0].By = journal.ClassDirective, []byte("the author")
	mustAppend(t, store, b)
	mustAppend(t, store, batch("s/2", 0))
	if err := store.Erase(t.Context(), "s/1", journal.ClassDocument); err != nil {
		t.Fatal(err)
	}
	if events := mustLoad(t, store, "s/1"); events[0].Erased || events[0].Class != journal.ClassDirective || string(events[0].Payload) != "payload 1" {
		t.Errorf("%+v", events)
	}
	if events := mustLoad(t, store, "s/2"); events[0].Class != journal.ClassDocument {
		t.Errorf("%+v", events)
	}
	if met, err := store.Encounters(t.Context(), noon.Add(-time.Hour), noon.Add(time.Hour)); err != nil || len(met) != 1 {
		t.Errorf("%v, %v", met, err)
	}
	if err := store.Expire(t.Context(), journal.Expiry{Subject: "s/1"}); err != nil {
		t.Fatal(err)
	}
	if events := mustLoad(t, store, "s/1"); !events[0].Erased || len(events[0].Payload) > 0 {
		t.Errorf("%+v", events)
	}
}
