package journaltest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
)

func testWorklist(t *testing.T, open Harness) {
	store := opened(t, open)
	for i, change := range []func(*journal.WorklistEntry){
		func(s *journal.WorklistEntry) { s.DueAt = noon.Add(2 * time.Hour) },
		func(s *journal.WorklistEntry) { s.DueAt = noon.Add(time.Hour); s.Overdue = true; s.State = 2 },
		func(s *journal.WorklistEntry) { s.Hidden = true; s.Unit = "u" },
		func(s *journal.WorklistEntry) {
			s.Ended = true
			s.Worker = "w"
			s.StartedAt = noon.Add(-time.Hour)
			s.WaitingOn = "a"
			s.Second, s.Marks = "pair", 5
		},
		func(s *journal.WorklistEntry) { s.Role = journal.RoleSender; s.Client = "client"; s.WaitingOn = "b" },
	} {
		b := batch(fmt.Sprintf("s/%d", i), 0, "a")
		change(&b.WorklistEntries[0])
		mustAppend(t, store, b)
	}
	for name, test := range map[string]struct {
		query journal.Query
		want  []string
	}{
		"all, soonest first": {journal.Query{Agency: "a"}, []string{"s/1", "s/0", "s/3", "s/4"}},
		"hidden too":         {journal.Query{Agency: "a", WithHidden: true}, []string{"s/1", "s/0", "s/2", "s/3", "s/4"}},
		"hidden alone":       {journal.Query{Agency: "a", HiddenOnly: true}, []string{"s/2"}},
		"role":               {journal.Query{Agency: "a", Role: journal.RoleSender}, []string{"s/4"}},
		"states":             {journal.Query{Agency: "a", States: []int32{2, 3}}, []string{"s/1"}},
		"overdue":            {journal.Query{Agency: "a", OverdueOnly: true}, []string{"s/1"}},
		"open":               {journal.Query{Agency: "a", OpenOnly: true}, []string{"s/1", "s/0", "s/4"}},
		"unit":               {journal.Query{Agency: "a", Unit: "u", WithHidden: true}, []string{"s/2"}},
		"worker":             {journal.Query{Agency: "a", Worker: "w"}, []string{"s/3"}},
		"second worker":      {journal.Query{Agency: "a", Second: "pair"}, []string{"s/3"}},
		"no second worker":   {journal.Query{Agency: "a", Second: "w"}, nil},
		"second and worker":  {journal.Query{Agency: "a", Worker: "w", Second: "other"}, nil},
		"marks":              {journal.Query{Agency: "a", Marks: 4}, []string{"s/3"}},
		"all marks":          {journal.Query{Agency: "a", Marks: 6}, nil},
		"unassigned":         {journal.Query{Agency: "a", Unassigned: true}, []string{"s/1", "s/0", "s/4"}},
		"own turn":           {journal.Query{Agency: "a", OwnTurn: true, Worker: "w"}, []string{"s/3"}},
		"to do":              {journal.Query{Agency: "a", ToDo: true}, []string{"s/1", "s/0", "s/3"}},
		"client":             {journal.Query{Agency: "a", Client: "client", Limit: 2}, []string{"s/1", "s/0"}},
		"case":               {journal.Query{Agency: "a", Case: "other"}, nil},
		"since":              {journal.Query{Agency: "a", StartedAfter: noon}, []string{"s/1", "s/0", "s/4"}},
		"a person anywhere":  {journal.Query{Client: "client", Role: journal.RoleSender}, []string{"s/4"}},
		"nobody anywhere":    {journal.Query{Client: "nobody"}, nil},
		"number":             {journal.Query{Agency: "a", Number: "N-s/1"}, []string{"s/1"}},
		"number, hidden":     {journal.Query{Agency: "a", Number: "N-s/2"}, nil},
		"number, hidden too": {journal.Query{Agency: "a", Number: "N-s/2", WithHidden: true}, []string{"s/2"}},
		"number and role":    {journal.Query{Agency: "a", Number: "N-s/1", Role: journal.RoleSender}, nil},
		"number elsewhere":   {journal.Query{Agency: "b", Number: "N-s/1"}, nil},
		"number of nothing":  {journal.Query{Agency: "a", Number: "N"}, nil},
		"number of a person": {journal.Query{Client: "client", Number: "N-s/4"}, []string{"s/4"}},
		"another's number":   {journal.Query{Client: "nobody", Number: "N-s/4"}, nil},
		"another agency":     {journal.Query{Agency: "b"}, nil},
		"subject":            {journal.Query{Subject: "s/3"}, []string{"s/3"}},
	} {
		entries, err := store.WorklistEntries(t.Context(), test.query)
		var got []string
		for _, entry := range entries {
			got = append(got, entry.Subject)
		}
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v (%v)", name, got, test.want, err)
		}
	}
}

// Paging by position returns every row once, with equal due times and without due times.
func testPaging(t *testing.T, open Harness) {
	store := opened(t, open)
	for i := range 11 {
		b := batch(fmt.Sprintf("s/%02d", i), 0, "a")
		if i%3 > 0 {
			b.WorklistEntries[0].DueAt = noon.Add(time.Duration(i%3) * time.Hour)
		}
		mustAppend(t, store, b)
	}
	seen := map[string]int{}
	query := journal.Query{Agency: "a", Limit: 2}
	for {
		page, err := store.WorklistEntries(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, entry := range page {
			seen[entry.Subject]++
		}
		last := page[len(page)-1]
		query.After = &journal.WorklistCursor{DueAt: last.DueAt, Subject: last.Subject}
	}
	for subject, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", subject, times)
		}
	}
	if len(seen) != 11 {
		t.Errorf("%d of 11 came", len(seen))
	}
}

func testDue(t *testing.T, open Harness) {
	store := opened(t, open)
	for i, at := range []time.Time{noon.Add(time.Hour), {}, noon, noon.Add(time.Microsecond)} {
		b := batch(fmt.Sprintf("s/%d", i), 0)
		b.Streams[0].NextCheckAt = at
		mustAppend(t, store, b)
	}
	for at, want := range map[time.Time][]string{
		noon.Add(-1): nil, noon: {"s/2"}, noon.Add(time.Microsecond): {"s/2", "s/3"}, noon.AddDate(1000, 0, 0): {"s/2", "s/3", "s/0"},
	} {
		got, err := store.Due(t.Context(), at, 10)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("at %s: %v, want %v (%v)", at, got, want, err)
		}
	}
	if got, _ := store.Due(t.Context(), noon.AddDate(1, 0, 0), 1); !slices.Equal(got, []string{"s/2"}) {
		t.Errorf("%v", got)
	}
}

func testAccesses(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, batch("s/1", 0, "a"))
	reading := journal.Access{
		At: noon, By: []byte("who"), Role: "r", OnBehalfOf: "w", Subject: "s/1", Client: "c", Method: "test/Get", Purpose: "p", Basis: []byte("b"), Trace: "t",
	}
	mustAppend(t, store, journal.Batch{Accesses: []journal.Access{reading}})
	var got []journal.Access
	for access, err := range store.RawAccesses(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, access)
	}
	if len(got) != 2 || fmt.Sprint(got[1]) != fmt.Sprint(reading) || len(mailbox(t, store, "a")) != 1 {
		t.Errorf("%+v", got)
	}
}

func testConsumers(t *testing.T, open Harness) {
	store := opened(t, open)
	for i := range uint64(3) {
		mustAppend(t, store, batch("s/1", i, "a"))
	}
	move := func(sequence, epoch uint64, takeOver bool) (journal.Consumer, error) {
		return store.Advance(t.Context(), journal.Advance{Agency: "a", Consumer: "c", Sequence: sequence, Epoch: epoch, TakeOver: takeOver, At: noon})
	}
	for _, step := range []struct {
		sequence, epoch uint64
		takeOver        bool
		want            journal.Consumer
		err             error
	}{
		{2, 0, false, journal.Consumer{Sequence: 2}, nil},
		{1, 0, false, journal.Consumer{Sequence: 2}, nil},
		{0, 0, true, journal.Consumer{Sequence: 2, Epoch: 1}, nil},
		{3, 1, false, journal.Consumer{Sequence: 3, Epoch: 1}, nil},
		{0, 0, true, journal.Consumer{Sequence: 3, Epoch: 2}, nil},
		{3, 1, false, journal.Consumer{}, journal.ErrTakenOver},
		{0, 9, true, journal.Consumer{Sequence: 3, Epoch: 9}, nil},
		{0, 9, true, journal.Consumer{Sequence: 3, Epoch: 9}, nil},
		{0, 8, true, journal.Consumer{}, journal.ErrTakenOver},
		{3, 9, false, journal.Consumer{Sequence: 3, Epoch: 9}, nil},
	} {
		got, err := move(step.sequence, step.epoch, step.takeOver)
		if !errors.Is(err, step.err) || got.Sequence != step.want.Sequence || got.Epoch != step.want.Epoch {
			t.Errorf("%+v: %+v, %v", step, got, err)
		}
	}
	testRewind(t, store)
	if _, err := move(4, 0, false); err == nil {
		t.Error("a message that does not exist is acknowledged")
	}
	consumers, err := store.Consumers(t.Context(), "a")
	if err != nil || len(consumers) != 1 || consumers["c"].Sequence != 3 || !consumers["c"].At.Equal(noon) {
		t.Errorf("%v %v", consumers, err)
	}
	if _, err := store.Advance(t.Context(), journal.Advance{Agency: "a", Consumer: "d", TakeOver: true, At: noon}); err != nil {
		t.Fatal(err)
	}
	named, err := store.Consumers(t.Context(), "a", "d", "unknown")
	if err != nil || len(named) != 1 || named["d"].Epoch != 1 {
		t.Errorf("%v %v", named, err)
	}
}

// testRewind moves consumer c of a, which stands at 3 with epoch 9: back, and to the same place again. A rewind
// takes the consumer over, so that the reader before it cannot undo it.
func testRewind(t *testing.T, store journal.Store) {
	t.Helper()
	rewind := journal.Advance{Agency: "a", Consumer: "c", Sequence: 1, TakeOver: true, Rewind: true, At: noon.Add(-1)}
	for epoch := range uint64(2) {
		if got, err := store.Advance(t.Context(), rewind); err != nil || got.Sequence != 1 || got.Epoch != 10+epoch {
			t.Errorf("%+v %v", got, err)
		}
	}
	if _, err := store.Advance(t.Context(), journal.Advance{Agency: "a", Consumer: "c", Sequence: 3, Epoch: 9, At: noon}); !errors.Is(err, journal.ErrTakenOver) {
		t.Errorf("the reader before a rewind moves the cursor: %v", err)
	}
	rewind.Sequence = 4
	if _, err := store.Advance(t.Context(), rewind); err == nil {
		t.Error("a consumer is moved to a message that does not exist")
	}
	rewind.TakeOver, rewind.Sequence = false, 0
	if got, err := store.Advance(t.Context(), rewind); err != nil || got.Sequence != 1 {
		t.Errorf("a consumer is moved back without being taken over: %+v %v", got, err)
	}
	if got, err := store.Advance(t.Context(), journal.Advance{Agency: "a", Consumer: "c", Sequence: 3, Epoch: 11, At: noon}); err != nil || got.Sequence != 3 {
		t.Errorf("%+v %v", got, err)
	}
}

// Sequences includes messages whose key was destroyed, and none of another mailbox.
func testSequences(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, batch("s/1", 0, "a", "b"))
	mustAppend(t, store, batch("s/2", 0, "b"))
	mustAppend(t, store, batch("s/1", 1, "a", "b"))
	if err := store.Erase(t.Context(), "s/1"); err != nil {
		t.Fatal(err)
	}
	for agency, want := range map[string]map[string]uint64{"a": {"s/1-1": 1, "s/1-2": 2}, "b": {"s/1-1": 1, "s/2-1": 2, "s/1-2": 3}, "c": {}} {
		got, err := store.Sequences(t.Context(), agency, "s/1-1", "s/2-1", "s/1-2", "unknown")
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v (%v)", agency, got, want, err)
		}
	}
	if none, err := store.Sequences(t.Context(), "a"); err != nil || len(none) != 0 {
		t.Errorf("%v %v", none, err)
	}
}

func testSettings(t *testing.T, open Harness) {
	store := opened(t, open)
	if _, found, err := store.Setting(t.Context(), "k"); found || err != nil {
		t.Errorf("%v %v", found, err)
	}
	for _, value := range []string{"1", "2"} {
		if err := store.SetSetting(t.Context(), "k", value); err != nil {
			t.Fatal(err)
		}
		if got, found, err := store.Setting(t.Context(), "k"); got != value || !found || err != nil {
			t.Errorf("%s %v %v", got, found, err)
		}
	}
}
