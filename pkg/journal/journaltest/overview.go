package journaltest

import (
	"slices"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
)

func testOverview(t *testing.T, open Harness) {
	store := opened(t, open)
	put := func(subject string, change func(*journal.WorklistEntry)) {
		t.Helper()
		b := batch(subject, 0, "a")
		row := &b.WorklistEntries[0]
		row.Role, row.Phase, row.WaitingOn, row.StartedAt = journal.RoleSender, 1, "b", noon
		change(row)
		mustAppend(t, store, b)
	}
	late := func(row *journal.WorklistEntry) { row.Overdue, row.DueAt = true, noon.Add(time.Hour) }
	put("s/1", func(row *journal.WorklistEntry) { row.StartedAt = noon.Add(-time.Hour) })
	put("s/2", late)
	put("s/3", func(row *journal.WorklistEntry) { late(row); row.Phase, row.DueAt = 2, noon })
	put("s/4", func(row *journal.WorklistEntry) { row.Ended = true })
	put("s/5", func(row *journal.WorklistEntry) { late(row); row.Role = journal.RoleReceiver })
	streams, err := store.OpenMatters(t.Context(), noon)
	want := []journal.OpenMatters{
		{WaitingOn: "b", Phase: 1, Streams: 2, Overdue: 1, Oldest: noon.Add(-time.Hour)}, {WaitingOn: "b", Phase: 2, Streams: 1, Overdue: 1, Oldest: noon},
	}
	if err != nil || !slices.Equal(streams, want) {
		t.Errorf("%+v %v", streams, err)
	}
	if silent := append(silentOf(t, store, noon, 1), silentOf(t, store, noon, 10)...); !slices.Equal(silent, []string{"s/3", "s/3", "s/2"}) {
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

func silentOf(t *testing.T, store Store, at time.Time, limit int) []string {
	t.Helper()
	rows, err := store.Silent(t.Context(), at, limit)
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, row := range rows {
		subjects = append(subjects, row.Subject)
	}
	return subjects
}

// Urgent matters past the receiver's due time that no person has handled are counted and come
// first, whether or not the sender is shown that they are late.
func testUntouched(t *testing.T, open Harness) {
	store := opened(t, open)
	const emergency, urgent, normal = 1, 2, 3
	putTo := func(to, subject string, urgency int32, due time.Time, change func(sender, receiver *journal.WorklistEntry)) {
		t.Helper()
		b := batch(subject, 0, "kela", to)
		sender, receiver := &b.WorklistEntries[0], &b.WorklistEntries[1]
		sender.Role, sender.Phase, sender.WaitingOn = journal.RoleSender, 1, to
		receiver.Phase, receiver.WaitingOn, receiver.Urgency, receiver.DueAt = 2, to, urgency, due
		if change != nil {
			change(sender, receiver)
		}
		mustAppend(t, store, b)
	}
	put := func(subject string, urgency int32, due time.Time, change func(sender, receiver *journal.WorklistEntry)) {
		t.Helper()
		putTo("hva", subject, urgency, due, change)
	}
	hour := noon.Add(time.Hour)
	put("s/1", urgent, noon.Add(-time.Hour), nil)
	put("s/2", emergency, hour, nil)
	put("s/3", emergency, noon, func(sender, _ *journal.WorklistEntry) {
		sender.Overdue, sender.DueAt, sender.Phase = true, noon.Add(-time.Hour), 3
	})
	putTo("other", "s/4", urgent, noon, nil)
	put("s/late", normal, noon, func(sender, _ *journal.WorklistEntry) { sender.Overdue, sender.DueAt = true, noon.Add(-48*time.Hour) })
	put("s/none", emergency, time.Time{}, nil)
	for name, change := range map[string]func(sender, receiver *journal.WorklistEntry){
		"touched":      func(_, receiver *journal.WorklistEntry) { receiver.Touched = true },
		"ended":        func(sender, receiver *journal.WorklistEntry) { sender.Ended, receiver.Ended = true, true },
		"hidden":       func(_, receiver *journal.WorklistEntry) { receiver.Hidden = true },
		"other's turn": func(_, receiver *journal.WorklistEntry) { receiver.WaitingOn = "kela" },
		"participant":  func(_, receiver *journal.WorklistEntry) { receiver.Role = journal.RoleParticipant },
	} {
		put("s/"+name, emergency, noon, change)
	}
	for at, want := range map[time.Time][]journal.Untouched{
		noon.Add(-2 * time.Hour): nil,
		noon.Add(-time.Hour):     {{WaitingOn: "hva", Urgency: urgent, Streams: 1}},
		noon:                     {{WaitingOn: "hva", Urgency: emergency, Streams: 1}, {WaitingOn: "hva", Urgency: urgent, Streams: 1}, {WaitingOn: "other", Urgency: urgent, Streams: 1}},
		hour:                     {{WaitingOn: "hva", Urgency: emergency, Streams: 2}, {WaitingOn: "hva", Urgency: urgent, Streams: 1}, {WaitingOn: "other", Urgency: urgent, Streams: 1}},
	} {
		if got, err := store.Untouched(t.Context(), at); err != nil || !slices.Equal(got, want) {
			t.Errorf("at %s: %+v, want %+v (%v)", at, got, want, err)
		}
	}
	streams, err := store.OpenMatters(t.Context(), hour)
	if err != nil || len(streams) != 3 || streams[0].Untouched != 2 || streams[1].Untouched != 1 || streams[1].Streams != 1 || streams[2].Untouched != 1 {
		t.Errorf("%+v %v", streams, err)
	}
	if got, first := silentOf(t, store, hour, 10), silentOf(t, store, hour, 4); !slices.Equal(got, []string{"s/3", "s/2", "s/1", "s/4", "s/late"}) || !slices.Equal(first, got[:4]) {
		t.Errorf("%v %v", got, first)
	}
	rows, err := store.Silent(t.Context(), noon, 10)
	if err != nil || len(rows) != 4 || rows[0] != (journal.Silent{Subject: "s/3", Sender: "kela", WaitingOn: "hva", Phase: 2, DueAt: noon, StartedAt: noon, Urgency: emergency}) ||
		rows[3] != (journal.Silent{Subject: "s/late", Sender: "kela", WaitingOn: "hva", Phase: 1, DueAt: noon.Add(-48 * time.Hour), StartedAt: noon}) {
		t.Errorf("%+v %v", rows, err)
	}
}
