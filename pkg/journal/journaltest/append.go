package journaltest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"koppi.internal/pkg/journal"
)

func testAppend(t *testing.T, open Harness) {
	store := opened(t, open)
	appended := mustAppend(t, store, batch("s/1", 0, "a", "b"))
	if appended.Positions["a"] != 1 || appended.Positions["b"] != 1 {
		t.Errorf("heads %v", appended.Positions)
	}
	mustAppend(t, store, batch("s/1", 1, "a"))
	events := mustLoad(t, store, "s/1")
	if len(events) != 2 || string(events[1].Payload) != "payload 2" || !events[1].At.Equal(noon) || events[0].ID != "s/1-1" ||
		string(events[0].By) != "by" || events[0].Trace != "trace" || events[0].Client != "client" || events[0].Case != "case" {
		t.Errorf("%+v", events)
	}
	if box := mailbox(t, store, "a"); len(box) != 2 || box[1].Sequence != 2 || box[1].SubjectVersion != 2 {
		t.Errorf("%+v", box)
	}
}

func testLoad(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, batch("s/1", 0))
	mustAppend(t, store, batch("s/2", 0))
	histories, err := store.Load(t.Context(), "s/2", "s/none", "s/1")
	if err != nil || len(histories) != 3 || histories[0][0].Subject != "s/2" || len(histories[1]) != 0 || histories[2][0].Subject != "s/1" {
		t.Errorf("%v %v", histories, err)
	}
	if _, err := store.Client(t.Context(), "s/1"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("a client where there is none: %v", err)
	}
	withClient := batch("s/3", 0)
	withClient.Clients = map[string][]byte{"s/3": []byte("who")}
	mustAppend(t, store, withClient)
	if client, err := store.Client(t.Context(), "s/3"); err != nil || string(client) != "who" {
		t.Errorf("%s %v", client, err)
	}
}

// When many callers append on the same version, exactly one succeeds.
func testRace(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, batch("s/1", 0, "a"))
	var wg sync.WaitGroup
	results := make(chan error, 32)
	for range cap(results) {
		wg.Go(func() {
			_, err := store.Append(context.Background(), batch("s/1", 1, "a"))
			results <- err
		})
	}
	wg.Wait()
	close(results)
	won := 0
	for err := range results {
		var conflict *journal.ConflictError
		switch {
		case err == nil:
			won++
		case !errors.As(err, &conflict) || conflict.Subject != "s/1":
			t.Error(err)
		}
	}
	if won != 1 || len(mailbox(t, store, "a")) != 2 {
		t.Errorf("%d won, %d messages", won, len(mailbox(t, store, "a")))
	}
}

// The second change is made while the first is being decided, which is always a conflict.
func testNestedConflict(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, batch("s/1", 0))
	seen := uint64(len(mustLoad(t, store, "s/1")))
	mustAppend(t, store, batch("s/1", seen))
	var conflict *journal.ConflictError
	if _, err := store.Append(t.Context(), batch("s/1", seen)); !errors.As(err, &conflict) {
		t.Errorf("a decision on an old version was accepted: %v", err)
	}
	if _, err := store.Append(t.Context(), batch("s/1", 0)); !errors.As(err, &conflict) {
		t.Errorf("a subject was begun twice: %v", err)
	}
}

func testBadBatches(t *testing.T, open Harness) {
	store := opened(t, open)
	for name, spoil := range map[string]func(*journal.Batch){
		"gap":              func(b *journal.Batch) { b.Events[0].Version = 2 },
		"no version known": func(b *journal.Batch) { b.Expected = nil },
		"no stream row":    func(b *journal.Batch) { b.Streams = nil },
		"old stream row":   func(b *journal.Batch) { b.Streams[0].Version = 9 },
		"no mailbox":       func(b *journal.Batch) { b.Deliveries[0].Agency = "" },
		"no record":        func(b *journal.Batch) { b.Deliveries[0].Record = nil },
		"no id":            func(b *journal.Batch) { b.Events[0].ID = "" },
		"no method":        func(b *journal.Batch) { b.Accesses[0].Method = "" },
		"no key": func(b *journal.Batch) {
			b.UniqueKeys = []journal.UniqueKeyChange{{UniqueKey: journal.UniqueKey{Subject: "s/1"}}}
		},
	} {
		bad := batch("s/1", 0, "a")
		spoil(&bad)
		if _, err := store.Append(t.Context(), bad); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	for name, bad := range map[string]journal.Batch{
		"derived with an event":   func() journal.Batch { b := batch("s/1", 0); b.Derived = b.Streams; return b }(),
		"derived with an access":  {Derived: []journal.Stream{{Subject: "s/1", Version: 1}}, Accesses: batch("s/1", 0).Accesses},
		"derived, no version":     {Derived: []journal.Stream{{Subject: "s/1"}}},
		"derived twice":           {Derived: []journal.Stream{{Subject: "s/1", Version: 1}, {Subject: "s/1", Version: 1}}},
		"another's entry derived": {Derived: []journal.Stream{{Subject: "s/1", Version: 1}}, WorklistEntries: batch("s/2", 0, "a").WorklistEntries},
	} {
		_, err := store.Append(t.Context(), bad)
		if conflict := (*journal.ConflictError)(nil); err == nil || errors.As(err, &conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(mustLoad(t, store, "s/1")) != 0 || len(mailbox(t, store, "a")) != 0 {
		t.Error("a refused batch changed the store")
	}
}

// Sequences have no gaps, whatever is refused and however many callers write at once.
func testGapless(t *testing.T, open Harness) {
	store := opened(t, open)
	var wg sync.WaitGroup
	for writer := range 8 {
		wg.Go(func() {
			for i := range 12 {
				subject := fmt.Sprintf("s/%d-%d", writer, i)
				if _, err := store.Append(context.Background(), batch(subject, 0, "a", fmt.Sprintf("b%d", writer%3))); err != nil {
					t.Error(err)
				}
				// This append is refused after others have begun; it takes no sequence.
				if _, err := store.Append(context.Background(), batch(subject, 7, "a")); err == nil {
					t.Error("a wrong version is accepted")
				}
			}
		})
	}
	wg.Wait()
	box := mailbox(t, store, "a")
	if len(box) != 96 {
		t.Fatalf("%d messages", len(box))
	}
	for i, delivery := range box {
		if delivery.Sequence != uint64(i)+1 {
			t.Fatalf("sequence %d at %d", delivery.Sequence, i)
		}
	}
	heads, err := store.Positions(t.Context(), "a", "nobody")
	if err != nil || len(heads) != 1 || heads["a"].Sequence != 96 {
		t.Errorf("%v %v", heads, err)
	}
}

// A caller that stops waiting leaves no batch half done, and does not affect other callers.
func testCancelled(t *testing.T, open Harness) {
	store := opened(t, open)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Append(gone, batch("s/0", 0, "a")); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled append: %v", err)
	}
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			subject := fmt.Sprintf("s/%d", i+1)
			if i%2 == 0 {
				go cancel()
			}
			_, err := store.Append(ctx, batch(subject, 0, "a"))
			cancel()
			if i%2 == 1 && err != nil {
				t.Errorf("another's cancellation failed %s: %v", subject, err)
			}
		})
	}
	wg.Wait()
}
