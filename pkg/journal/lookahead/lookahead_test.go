package lookahead_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/lookahead"
)

// slow is a store that counts its readings. Each takes a second.
type slow struct {
	journal.Store
	loads, queries atomic.Int64
	failed         error
}

func (s *slow) Load(_ context.Context, subjects ...string) ([][]journal.Event, error) {
	s.loads.Add(1)
	time.Sleep(time.Second) // by synctest's clock
	return make([][]journal.Event, len(subjects)), s.failed
}

func (s *slow) WorklistEntries(_ context.Context, query journal.Query) ([]journal.WorklistEntry, error) {
	s.queries.Add(1)
	time.Sleep(time.Second) // by synctest's clock
	return []journal.WorklistEntry{{Agency: query.Agency, Client: query.Client}}, s.failed
}

// What is asked for ahead is read once, beside other readings.
func TestReadingsShareTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		under := &slow{}
		store, ctx, began := lookahead.Store{Store: under}, lookahead.Begin(t.Context()), time.Now()
		own := journal.Query{Agency: "a", Client: "c", Readable: &journal.Readable{Parts: []string{" u "}}}
		lookahead.Start(ctx,
			func(ctx context.Context) { _, _ = store.Load(ctx, "s/1", "s/2") },
			func(ctx context.Context) { _, _ = store.WorklistEntries(ctx, own) },
			func(ctx context.Context) { _, _ = store.WorklistEntries(ctx, journal.Query{Agency: "b", Client: "c"}) },
		)
		same := own
		same.Readable = &journal.Readable{Parts: slices.Clone(own.Readable.Parts)}
		for range 2 {
			if histories, err := store.Load(ctx, "s/1", "s/2"); err != nil || len(histories) != 2 {
				t.Fatal(histories, err)
			}
			if entries, err := store.WorklistEntries(ctx, same); err != nil || entries[0].Agency != "a" {
				t.Fatal(entries, err)
			}
			if entries, err := store.WorklistEntries(ctx, journal.Query{Agency: "b", Client: "c"}); err != nil || entries[0].Agency != "b" {
				t.Fatal(entries, err)
			}
		}
		if took := time.Since(began); took != time.Second || under.loads.Load() != 1 || under.queries.Load() != 2 {
			t.Errorf("%v, %d loads, %d queries", took, under.loads.Load(), under.queries.Load())
		}
	})
}

// Another question, another attempt, and a reading outside attempts are read anew.
func TestReadingsOfOthersAreReadAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		under := &slow{}
		store, first := lookahead.Store{Store: under}, lookahead.Begin(t.Context())
		queries := []journal.Query{
			{Agency: "a", Client: "c"},
			{Agency: "a", Client: "d"},
			{Agency: "a", Client: "c", OpenOnly: true},
			{Agency: "a", Client: "c", Role: journal.RoleSender},
			{Agency: "a", Client: "c", StartedAfter: time.Unix(1, 0)},
			{Agency: "a", Client: "c", Readable: &journal.Readable{}},
			{Agency: "a", Client: "c", Readable: &journal.Readable{Parts: []string{" u "}}},
		}
		for _, query := range queries {
			_, _ = store.WorklistEntries(first, query)
		}
		if asked := under.queries.Load(); asked != int64(len(queries)) {
			t.Errorf("%d of %d queries were read", asked, len(queries))
		}
		for _, ctx := range []context.Context{lookahead.Begin(first), t.Context(), t.Context()} {
			before := under.loads.Load()
			_, _ = store.Load(ctx, "s/1")
			_, _ = store.Load(first, "s/1")
			if under.loads.Load() == before {
				t.Error("an attempt was answered with another's reading")
			}
		}
	})
}

func TestFailureOfAReadingIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		under := &slow{failed: errors.New("down")}
		store, ctx := lookahead.Store{Store: under}, lookahead.Begin(t.Context())
		lookahead.Start(ctx, func(ctx context.Context) { _, _ = store.Load(ctx, "s/1") })
		if _, err := store.Load(ctx, "s/1"); !errors.Is(err, under.failed) {
			t.Error(err)
		}
	})
}
