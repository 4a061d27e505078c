package journaltest

import (
	"slices"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
)

func testOverview(t *testing.T, open Harness) {
	store := opened(t, open)
	put := func(subject string, change func(*journal.Standing)) {
		t.Helper()
		b := batch(subject, 0, "a")
		row := &b.Standings[0]
		row.Role, row.Phase, row.WaitingOn, row.StartedAt = journal.RoleSender, 1, "b", noon
		change(row)
		mustAppend(t, store, b)
	}
	late := func(row *journal.Standing) { row.Overdue, row.DueAt = true, noon.Add(time.Hour) }
	put("s/1", func(row *journal.Standing) { row.StartedAt = noon.Add(-time.Hour) })
	put("s/2", late)
	put("s/3", func(row *journal.Standing) { late(row); row.Phase, row.DueAt = 2, noon })
	put("s/4", func(row *journal.Standing) { row.Ended = true })
	put("s/5", func(row *journal.Standing) { late(row); row.Role = journal.RoleReceiver })
	loops, err := store.OpenLoops(t.Context())
	want := []journal.OpenLoops{
		{WaitingOn: "b", Phase: 1, Loops: 2, Overdue: 1, Oldest: noon.Add(-time.Hour)}, {WaitingOn: "b", Phase: 2, Loops: 1, Overdue: 1, Oldest: noon},
	}
	if err != nil || !slices.Equal(loops, want) {
		t.Errorf("%+v %v", loops, err)
	}
	var silent []string
	for _, limit := range []int{1, 10} {
		rows, err := store.Silent(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			silent = append(silent, row.Subject)
		}
	}
	if !slices.Equal(silent, []string{"s/3", "s/3", "s/2"}) {
		t.Errorf("silent: %v", silent)
	}

	if none, err := store.Readers(t.Context()); err != nil || len(none) != 0 {
		t.Errorf("%v %v", none, err)
	}
	for consumer, sequence := range map[string]uint64{"slow": 2, "done": 5} {
		if _, err := store.Advance(t.Context(), journal.Advance{Agency: "a", Consumer: consumer, Sequence: sequence, At: noon}); err != nil {
			t.Fatal(err)
		}
	}
	readers, err := store.Readers(t.Context())
	if want := []journal.ReaderLag{
		{Agency: "a", Consumer: "done", Head: 5, Acknowledged: 5, At: noon}, {Agency: "a", Consumer: "slow", Head: 5, Acknowledged: 2, At: noon, Next: "s/3-1"},
	}; err != nil || !slices.Equal(readers, want) {
		t.Errorf("%+v %v", readers, err)
	}
}
