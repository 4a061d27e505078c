package journaltest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
)

func testCounters(t *testing.T, open Harness) {
	store := opened(t, open)
	if first, err := store.FirstMonth(t.Context()); err != nil || first != "" {
		t.Fatalf("%q %v", first, err)
	}
	count := func(subject string, after uint64, what, month string, waited time.Duration) {
		t.Helper()
		b := batch(subject, after, "a")
		b.Counters = []journal.Counter{{Subject: subject, What: what, Month: month, Sender: "s", Receiver: "r", At: noon.Add(waited), Waited: waited}}
		mustAppend(t, store, b)
	}
	count("s/1", 0, "sent", "2026-10", 0)
	count("s/2", 0, "sent", "2026-11", 0)
	count("s/3", 0, "sent", "2026-11", 0)
	count("s/2", 1, journal.Taken, "2026-11", time.Hour)
	count("s/1", 1, journal.Taken, "2026-11", time.Minute)
	count("s/1", 2, journal.Taken, "2026-12", 0) // counted before
	if err := store.Erase(t.Context(), "s/1"); err != nil {
		t.Fatal(err)
	}
	if first, err := store.FirstMonth(t.Context()); err != nil || first != "2026-10" {
		t.Errorf("%q %v", first, err)
	}
	counted := func(what string, subjects int64) journal.CounterSum {
		return journal.CounterSum{What: what, Sender: "s", Receiver: "r", Subjects: subjects}
	}
	for month, want := range map[string][]journal.CounterSum{
		"2026-10": {counted("sent", 1)}, "2026-11": {counted("sent", 2), counted(journal.Taken, 2)}, "2026-12": nil,
	} {
		if counts, err := store.Counts(t.Context(), month); err != nil || !slices.Equal(counts, want) {
			t.Errorf("%s: %v %v", month, counts, err)
		}
	}
	for _, name := range []struct {
		month, first, last string
		want               bool
	}{
		{"2026-11", "sent", "sent", true},
		{"2026-11", "se", "sf", true},
		{"2026-11", "sent/", "sf", false},
		{"2026-11", "u", "z", false},
		{"2026-10", "t", "z", false},
		{"2026-12", "a", "z", false},
	} {
		if counted, err := store.Counted(t.Context(), name.month, name.first, name.last); err != nil || counted != name.want {
			t.Errorf("%v: %v %v", name, counted, err)
		}
	}
	waits, err := store.Waits(t.Context(), "2026-11")
	if want := []journal.CounterWait{{Sender: "s", Receiver: "r", Waited: time.Minute}, {Sender: "s", Receiver: "r", Waited: time.Hour}}; err != nil || !slices.Equal(waits, want) {
		t.Errorf("%v %v", waits, err)
	}
	for _, span := range []struct {
		from, to time.Time
		want     []journal.Encounter
	}{
		{noon, noon.Add(time.Microsecond), []journal.Encounter{{Client: "client", By: []byte("by")}}},
		{noon.Add(time.Microsecond), noon.Add(time.Hour), nil},
		{noon.Add(-time.Hour), noon, nil},
	} {
		if met, err := store.Encounters(t.Context(), span.from, span.to); err != nil || len(met) != len(span.want) || len(met) > 0 && !reflect.DeepEqual(met, span.want) {
			t.Errorf("%v: %v %v", span, met, err)
		}
	}
	untouched := batch("s/9", 0)
	untouched.Counters = []journal.Counter{{Subject: "s/1", What: "sent", Month: "2026-11", Sender: "s"}}
	if _, err := store.Append(t.Context(), untouched); err == nil {
		t.Error("a counter of another subject was accepted")
	}
}

func testWaiting(t *testing.T, open Harness) {
	store := opened(t, open)
	put := func(subject string, after uint64, entry journal.WorklistEntry) {
		t.Helper()
		b := batch(subject, after, "a")
		row := &b.WorklistEntries[0]
		row.Unit, row.Role, row.Phase, row.WaitingOn = entry.Unit, entry.Role, entry.Phase, entry.WaitingOn
		row.DueAt, row.Overdue, row.Hidden, row.Ended, row.Urgency = entry.DueAt, entry.Overdue, entry.Hidden, entry.Ended, entry.Urgency
		mustAppend(t, store, b)
	}
	due := noon.Add(time.Hour)
	fresh := journal.WorklistEntry{Unit: "u", Role: journal.RoleReceiver, Phase: 1, WaitingOn: "a", DueAt: due}
	with := func(change func(*journal.WorklistEntry)) journal.WorklistEntry {
		changed := fresh
		change(&changed)
		return changed
	}
	put("s/fresh", 0, fresh)
	put("s/alone", 0, with(func(s *journal.WorklistEntry) { s.Unit = "" }))
	put("s/emergency", 0, with(func(s *journal.WorklistEntry) { s.Urgency = 3 }))
	put("s/late", 0, with(func(s *journal.WorklistEntry) { s.Phase, s.Overdue, s.DueAt = 5, true, noon }))
	put("s/asked-in", 0, with(func(s *journal.WorklistEntry) {
		s.Role, s.WaitingOn, s.DueAt = journal.RoleParticipant, "b", time.Time{}
	}))
	// None of these matters waits for the unit.
	put("s/other-unit", 0, with(func(s *journal.WorklistEntry) { s.Unit = "v" }))
	put("s/other-turn", 0, with(func(s *journal.WorklistEntry) { s.WaitingOn = "b" }))
	put("s/in-hand", 0, with(func(s *journal.WorklistEntry) { s.Phase = 5 }))
	put("s/hidden", 0, with(func(s *journal.WorklistEntry) { s.Hidden = true }))
	put("s/ended", 0, with(func(s *journal.WorklistEntry) { s.Ended = true }))

	query := journal.WaitingQuery{Units: []journal.AgencyUnit{{Agency: "a", Unit: "u"}, {Agency: "a"}, {Agency: "b", Unit: "u"}}, Phases: []int32{1, 2}, Twice: 3, Limit: 10}
	waiting := func() map[string]journal.Waiting {
		t.Helper()
		found, err := store.Waiting(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(found, func(a, b journal.Waiting) int {
			if urgent := a.Urgency == query.Twice; urgent != (b.Urgency == query.Twice) {
				return map[bool]int{true: -1, false: 1}[urgent]
			}
			if a.DueAt.IsZero() != b.DueAt.IsZero() {
				return map[bool]int{true: 1, false: -1}[a.DueAt.IsZero()]
			}
			return a.DueAt.Compare(b.DueAt)
		}) {
			t.Errorf("not in order: %v", found)
		}
		all := map[string]journal.Waiting{}
		for _, one := range found {
			all[one.Subject] = one
		}
		return all
	}
	unit := journal.AgencyUnit{Agency: "a", Unit: "u"}
	want := map[string]journal.Waiting{
		"s/fresh":     {AgencyUnit: unit, Subject: "s/fresh", Kind: journal.WaitingNew, DueAt: due},
		"s/alone":     {AgencyUnit: journal.AgencyUnit{Agency: "a"}, Subject: "s/alone", Kind: journal.WaitingNew, DueAt: due},
		"s/emergency": {AgencyUnit: unit, Subject: "s/emergency", Kind: journal.WaitingNew, Urgency: 3, DueAt: due},
		"s/late":      {AgencyUnit: unit, Subject: "s/late", Kind: journal.WaitingOverdue, DueAt: noon},
		"s/asked-in":  {AgencyUnit: unit, Subject: "s/asked-in", Kind: journal.WaitingNew},
	}
	first := waiting()
	if !reflect.DeepEqual(first, want) {
		t.Fatalf("%v", first)
	}
	mark := func(at time.Time, notified ...journal.Waiting) {
		t.Helper()
		if err := store.MarkNotified(t.Context(), notified, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range first {
		mark(noon, one)
	}
	again := want["s/emergency"]
	again.Told, again.ToldAt = 1, noon
	if left := waiting(); !reflect.DeepEqual(left, map[string]journal.Waiting{"s/emergency": again}) {
		t.Fatalf("notified once: %v", left)
	}
	mark(noon.Add(time.Minute), again)
	if left := waiting(); len(left) != 0 {
		t.Fatalf("notified twice: %v", left)
	}
	// An overdue matter waits as another kind, and each due time has notices of its own.
	put("s/emergency", 1, with(func(s *journal.WorklistEntry) { s.Urgency, s.Overdue = 3, true }))
	put("s/fresh", 1, with(func(s *journal.WorklistEntry) { s.DueAt = due.Add(time.Hour) }))
	if left := waiting(); len(left) != 2 || left["s/emergency"].Kind != journal.WaitingOverdue || left["s/emergency"].Told != 0 || left["s/fresh"].Told != 0 {
		t.Fatalf("%v", left)
	}
	query.Limit = 1
	if left := waiting(); len(left) != 1 || left["s/emergency"].Subject == "" {
		t.Fatalf("the limit: %v", left)
	}
}
