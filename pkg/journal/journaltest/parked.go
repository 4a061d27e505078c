package journaltest

import (
	"errors"
	"testing"

	"koppi.internal/pkg/journal"
)

// Parked subjects stay parked over a restart, and only the consumer's present reader changes them.
func testParking(t *testing.T, open Harness) {
	folder := t.TempDir()
	store := open(t, folder)
	mustAppend(t, store, batch("s/1", 0, "a"))
	if _, err := store.Advance(t.Context(), journal.Advance{Agency: "a", Consumer: "c", TakeOver: true, Epoch: 7, At: noon}); err != nil {
		t.Fatal(err)
	}
	refused := journal.Parked{Agency: "a", Consumer: "c", Subject: "s/1", Sequence: 1, Code: 3, At: noon}
	step := func(step journal.ParkStep, epoch, sequence uint64) error {
		change := journal.Parking{Parked: refused, Step: step, Epoch: epoch}
		change.Sequence = sequence
		return store.Park(t.Context(), change)
	}
	if err := step(journal.ParkRetry, 0, 0); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("a retry of a subject that is not parked: %v", err)
	}
	if err := step(journal.ParkRefused, 6, 1); !errors.Is(err, journal.ErrTakenOver) {
		t.Errorf("an older reader parks: %v", err)
	}
	if err := step(journal.ParkRefused, 7, 1); err != nil {
		t.Fatal(err)
	}
	wantParked(t, store, refused)
	if err := errors.Join(step(journal.ParkRetry, 0, 0), store.Close()); err != nil {
		t.Fatal(err)
	}
	store = open(t, folder)
	defer func() { _ = store.Close() }()
	again := refused
	again.Retry = true
	wantParked(t, store, again)
	if err := step(journal.ParkAdvanced, 7, 4); err != nil {
		t.Fatal(err)
	}
	again.Sequence = 4
	wantParked(t, store, again)
	if err := step(journal.ParkRefused, 7, 4); err != nil {
		t.Fatal(err)
	}
	again.Retry = false
	wantParked(t, store, again)
	if err := step(journal.ParkReleased, 7, 0); err != nil {
		t.Fatal(err)
	}
	wantParked(t, store)
}

func wantParked(t *testing.T, store journal.Store, want ...journal.Parked) {
	t.Helper()
	for agency, want := range map[string][]journal.Parked{"a": want, "": want, "b": nil} {
		got, err := store.Parked(t.Context(), agency)
		if err != nil || len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("parked for %q: %+v, %v; want %+v", agency, got, err, want)
		}
	}
}
