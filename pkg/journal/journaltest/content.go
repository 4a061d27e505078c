package journaltest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
)

func testChains(t *testing.T, open Harness) {
	store := opened(t, open)
	for i := range uint64(3) {
		mustAppend(t, store, batch("s/1", i, "a"))
	}
	prev := journal.Genesis()
	for _, event := range mustLoad(t, store, "s/1") {
		if !bytes.Equal(event.PrevHash, prev) || len(event.Hash) != journal.HashSize {
			t.Errorf("event %d does not follow", event.Version)
		}
		prev = event.Hash
	}
	chain := journal.Genesis()
	for _, delivery := range mailbox(t, store, "a") {
		content := journal.ContentHash(delivery.Nonce, delivery.Record)
		chain = journal.ChainHash(chain, content)
		if !bytes.Equal(content, delivery.ContentHash) || !bytes.Equal(chain, delivery.ChainHash) || len(delivery.Nonce) != journal.NonceSize {
			t.Errorf("message %d does not verify", delivery.Sequence)
		}
		if !bytes.Equal(delivery.Record, journal.Stamp(batch("s/1", delivery.Sequence-1, "a").Deliveries[0].Record, delivery.Sequence)) {
			t.Errorf("message %d is not the record given, with its sequence", delivery.Sequence)
		}
	}
}

func testTombstones(t *testing.T, open Harness) {
	store := opened(t, open)
	first := batch("s/1", 0, "a")
	first.Clients = map[string][]byte{"s/1": []byte("who")}
	mustAppend(t, store, first)
	mustAppend(t, store, batch("s/2", 0, "a"))
	before := mailbox(t, store, "a")
	if err := store.Erase(t.Context(), "s/1", journal.ClassCorrespondence); err != nil {
		t.Fatal(err)
	}
	after := mailbox(t, store, "a")
	if !after[0].Tombstone || after[0].Record != nil || after[0].Nonce != nil || !bytes.Equal(after[0].ChainHash, before[0].ChainHash) ||
		!bytes.Equal(after[0].ContentHash, before[0].ContentHash) || after[1].Tombstone {
		t.Errorf("%+v", after)
	}
	if events := mustLoad(t, store, "s/1"); events[0].Erased {
		t.Error("another class was erased too")
	}
	if err := store.Erase(t.Context(), "s/1"); err != nil {
		t.Fatal(err)
	}
	if events := mustLoad(t, store, "s/1"); !events[0].Erased || events[0].Payload != nil {
		t.Errorf("%+v", events)
	}
	if _, err := store.Client(t.Context(), "s/1"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("the client is still known: %v", err)
	}
	report, err := journal.Fsck(t.Context(), store)
	if err != nil || report.Tombstones != 1 {
		t.Errorf("%+v %v", report, err)
	}
}

// The key of a share is destroyed by itself, and with the key of its class or with all of the subject's.
// What was sealed with other keys stays. A share that is destroyed is never sealed again.
func testShares(t *testing.T, open Harness) {
	store := opened(t, open)
	shares := []string{"", "a/0", "a/00", "a/1", "b/0"}
	fill := func(subject string) {
		for i, share := range shares {
			one := batch(subject, uint64(i), "a")
			one.Deliveries[0].Class, one.Deliveries[0].Share = journal.ClassConsent, share
			mustAppend(t, store, one)
		}
	}
	live := func(subject string) (left []string) {
		for _, one := range mailbox(t, store, "a") {
			if one.Subject == subject && !one.Tombstone {
				left = append(left, one.Share)
			}
		}
		return left
	}
	for subject, test := range map[string]struct {
		erased []journal.Class
		want   []string
	}{
		"s/1": {[]journal.Class{journal.ClassConsent.Share("a/0")}, []string{"", "a/00", "a/1", "b/0"}},
		"s/2": {[]journal.Class{journal.ClassConsent}, nil},
		"s/3": {nil, nil},
		"s/4": {[]journal.Class{journal.ClassCorrespondence}, shares},
	} {
		fill(subject)
		if got := live(subject); !slices.Equal(got, shares) {
			t.Fatalf("%s holds %q", subject, got)
		}
		if err := store.Erase(t.Context(), subject, test.erased...); err != nil {
			t.Fatal(err)
		}
		if got := live(subject); !slices.Equal(got, test.want) {
			t.Errorf("%v erased: %q are left", test.erased, got)
		}
	}
	again := batch("s/1", uint64(len(shares)), "a")
	again.Deliveries[0].Class, again.Deliveries[0].Share = journal.ClassConsent, "a/0"
	if _, err := store.Append(t.Context(), again); err == nil {
		t.Error("a destroyed share was sealed again")
	}
	if report, err := journal.Fsck(t.Context(), store); err != nil || report.Tombstones != 1+2*len(shares) {
		t.Errorf("%+v %v", report, err)
	}
}

// A notice outlives the erasure of the content that it is about. It is erased only when all classes
// are.
func testNotices(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, batch("s/1", 0, "a"))
	if err := store.Erase(t.Context(), "s/1", journal.ClassCorrespondence); err != nil {
		t.Fatal(err)
	}
	notice := batch("s/1", 1, "a")
	notice.Deliveries[0].Class = journal.ClassNotice
	mustAppend(t, store, notice)
	disclosed := mailbox(t, store, "a")
	if len(disclosed) != 2 || !disclosed[0].Tombstone || disclosed[1].Tombstone || disclosed[1].Record == nil || disclosed[1].Class != journal.ClassNotice {
		t.Errorf("%+v", disclosed)
	}
	if err := store.Erase(t.Context(), "s/1"); err != nil {
		t.Fatal(err)
	}
	if disclosed = mailbox(t, store, "a"); !disclosed[1].Tombstone {
		t.Errorf("%+v", disclosed)
	}
}

// A destroyed key is never made again.
func testErasedForGood(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, batch("s/1", 0, "a"))
	if err := store.Erase(t.Context(), "s/1"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Append(t.Context(), batch("s/1", 1, "a")); err == nil {
		t.Error("an erased subject accepts events")
	}
	mustAppend(t, store, batch("s/2", 0, "a"))
}

func testText(t *testing.T, open Harness) {
	store := opened(t, open)
	names := []string{"s/Z", "s/a", "s/Å", "s/å", "s/ä", "s/ö", "s/A", "s/😀", "s/a\u0301", "s/á"}
	for _, name := range names {
		b := batch(name, 0, "a")
		b.Events[0].Payload = []byte("nul \x00 and \xff\xfe bytes")
		b.Events[0].Trace = "åäö 😀"
		mustAppend(t, store, b)
	}
	entries, err := store.WorklistEntries(t.Context(), journal.Query{Agency: "a"})
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Subject)
	}
	slices.Sort(names)
	if err != nil || !slices.Equal(got, names) {
		t.Errorf("not in byte order: %q (%v)", got, err)
	}
	for _, name := range names {
		events := mustLoad(t, store, name)
		if len(events) != 1 || string(events[0].Payload) != "nul \x00 and \xff\xfe bytes" || events[0].Trace != "åäö 😀" {
			t.Errorf("%s: %+v", name, events)
		}
	}
}

func testTimes(t *testing.T, open Harness) {
	store := opened(t, open)
	for i, at := range []time.Time{
		noon, noon.Add(time.Microsecond), time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
		noon.In(time.FixedZone("east", 7200)), time.Unix(0, 0),
	} {
		b := batch(fmt.Sprintf("s/%d", i), 0, "a")
		b.Events[0].At, b.WorklistEntries[0].DueAt = at, at
		mustAppend(t, store, b)
		events := mustLoad(t, store, fmt.Sprintf("s/%d", i))
		entries, err := store.WorklistEntries(t.Context(), journal.Query{Subject: fmt.Sprintf("s/%d", i)})
		if err != nil || !events[0].At.Equal(at) || events[0].At.Location() != time.UTC || !entries[0].DueAt.Equal(at) {
			t.Errorf("%s came back as %s and %s", at, events[0].At, entries[0].DueAt)
		}
	}
}

// Nil and empty values are the same when they are read back.
func testEmpty(t *testing.T, open Harness) {
	store := opened(t, open)
	for i, nothing := range [][]byte{nil, {}} {
		b := batch(fmt.Sprintf("s/%d", i), 0)
		b.Events[0].By, b.Events[0].Basis, b.Events[0].Payload = nothing, nothing, nothing
		b.Clients = map[string][]byte{fmt.Sprintf("s/%d", i): nothing}
		mustAppend(t, store, b)
		event := mustLoad(t, store, fmt.Sprintf("s/%d", i))[0]
		if event.By != nil || event.Basis != nil || event.Payload != nil || event.Erased {
			t.Errorf("%+v", event)
		}
	}
	if appended := mustAppend(t, store, journal.Batch{}); len(appended.Positions) != 0 {
		t.Errorf("%v", appended)
	}
}

func testReopen(t *testing.T, open Harness) {
	folder := t.TempDir()
	store := open(t, folder)
	mustAppend(t, store, batch("s/1", 0, "a"))
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Append(t.Context(), batch("s/1", 1, "a")); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("a closed store appends: %v", err)
	}
	store = open(t, folder)
	mustAppend(t, store, batch("s/1", 1, "a"))
	if events := mustLoad(t, store, "s/1"); len(events) != 2 || string(events[0].Payload) != "payload 1" {
		t.Errorf("%+v", events)
	}
	sound(t, store)
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
