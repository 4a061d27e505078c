// Package journaltest holds every journal store to the same behaviour: each "must" of journal.Store
// has a test here, one file per topic. At the end of each test, fsck must find nothing.
package journaltest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
)

// Store lists the interfaces that a store implements besides journal.Store.
type Store interface {
	journal.Store
	journal.Settings
	journal.Counters
	journal.Notices
	journal.AccessLog
	journal.Log
	journal.Retention
	journal.Overviews
	journal.Records
	journal.Raw
	Rewrapper() seal.Rewrapper
}

// Harness opens stores for the suite. A store that is opened again on the same folder has the same
// content.
type Harness func(t *testing.T, folder string) Store

// Before runs statements on the journal of a folder whose store is open, as the previous version of
// the program does when it runs at the same time.
type Before func(t *testing.T, folder string, statements ...string)

// Run runs the suite on a store.
func Run(t *testing.T, open Harness, before Before) {
	for name, test := range map[string]func(*testing.T, Harness){
		"append": testAppend, "load": testLoad, "race": testRace, "nested conflict": testNestedConflict, "bad batches": testBadBatches,
		"unique keys": testUniqueKeys, "request id": testRequestID, "gapless mailboxes": testGapless, "chains": testChains,
		"tombstones": testTombstones, "shares": testShares, "notices": testNotices, "erased for good": testErasedForGood, "worklist": testWorklist, "paging": testPaging,
		"due": testDue, "accesses": testAccesses, "consumers": testConsumers, "parking": testParking, "sequences": testSequences, "settings": testSettings, "counters": testCounters, "waiting": testWaiting, "overview": testOverview, "untouched": testUntouched, "access log": testAccessLog, "log": testLog, "text": testText,
		"times": testTimes, "empty": testEmpty, "records": testRecords, "records refused": testRecordsRefused, "records at once": testRecordsAtOnce, "records model": testRecordsModel, "cancelled": testCancelled, "reopen": testReopen,
		"derived": func(t *testing.T, open Harness) { testDerived(t, open, before) }, "derived at once": func(t *testing.T, open Harness) { testDerivedAtOnce(t, open, before) },
		"completions": func(t *testing.T, open Harness) { testCompletions(t, open, before) }, "readable": testReadable,
		"seen": testSeen, "seen at once": testSeenAtOnce, "directives": testDirectives,
		"ends": testEnds, "expire": testExpire, "holds": testHolds, "rewrap": testRewrap, "model": testModel,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// opened opens a store, which fsck checks when the test ends.
func opened(t *testing.T, open Harness) Store {
	t.Helper()
	return openedAt(t, open, t.TempDir())
}

func openedAt(t *testing.T, open Harness, folder string) Store {
	t.Helper()
	store := open(t, folder)
	t.Cleanup(func() {
		sound(t, store)
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func sound(t *testing.T, store Store) {
	t.Helper()
	report, err := journal.Fsck(context.Background(), store)
	if err != nil {
		t.Error(err)
	} else if err := report.Err(); err != nil {
		t.Error(err)
	}
}

// noon is the time of most events in the suite.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)

// batch returns a batch with one more event of a subject, disclosed to the given agencies.
func batch(subject string, after uint64, agencies ...string) journal.Batch {
	version := after + 1
	b := journal.Batch{
		Expected: map[string]uint64{subject: after},
		Events: []journal.Event{{
			Subject: subject, Version: version, ID: fmt.Sprintf("%s-%d", subject, version), Type: "test.Event", Client: "client", Case: "case",
			By: []byte("by"), Basis: []byte("basis"), At: noon, Trace: "trace", Payload: fmt.Appendf(nil, "payload %d", version),
		}},
		Streams:  []journal.Stream{{Subject: subject, Service: "test", Client: "client", Case: "case", State: 1, Version: version}},
		Accesses: []journal.Access{{At: noon, By: []byte("by"), Role: "tester", Subject: subject, Client: "client", Method: "test/Do"}},
	}
	for _, agency := range agencies {
		b.Deliveries = append(b.Deliveries, journal.Delivery{
			Agency: agency, ID: b.Events[0].ID, Subject: subject, SubjectVersion: version, Record: fmt.Appendf(nil, "\x0a\x05text%d", version%10),
		})
		b.WorklistEntries = append(b.WorklistEntries, journal.WorklistEntry{
			Subject: subject, Agency: agency, Role: journal.RoleReceiver, Client: "client", Case: "case", State: 1, Version: version, StartedAt: noon, Number: "N-" + subject, Parts: " u ",
		})
	}
	return b
}

func mustAppend(t *testing.T, store Store, b journal.Batch) journal.Appended {
	t.Helper()
	appended, err := store.Append(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return appended
}

func mustLoad(t *testing.T, store Store, subject string) []journal.Event {
	t.Helper()
	histories, err := store.Load(context.Background(), subject)
	if err != nil {
		t.Fatal(err)
	}
	return histories[0]
}

func mailbox(t *testing.T, store Store, agency string) []journal.Delivery {
	t.Helper()
	deliveries, err := store.Deliveries(context.Background(), journal.DeliveryQuery{Agency: agency})
	if err != nil {
		t.Fatal(err)
	}
	return deliveries
}
