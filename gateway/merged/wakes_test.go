package merged_test

import (
	"testing"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Where one service has told something only that one is read: a gateway that read all of
// them for each message would ask four times as much of its services.
func TestAWakeReadsItsOwnServiceAlone(t *testing.T) {
	const messages = 30
	b := newBench(t)
	s, _ := b.open(&exchangev1.ExchangeRequest_Open{Window: 1000})
	behind := map[string]uint64{}
	b.referral.tell()
	b.take(s, behind, 1)
	for range messages {
		b.concern.tell()
		b.take(s, behind, 1)
	}
	// Of the other: what there was at first, and its own message.
	if reads := b.referral.reads.Load(); reads > 4 || b.concern.reads.Load() < messages/2 {
		t.Errorf("%d and %d readings for %d messages of one of two services", b.concern.reads.Load(), reads, messages)
	}
}

// What a reading has brought is not read once more for the wake that tells of it: under
// much work most wakes come while a reading is under way.
func TestAWakeOfWhatWasReadReadsNothing(t *testing.T) {
	b := newBench(t)
	s, _ := b.open(&exchangev1.ExchangeRequest_Open{Window: 1000})
	behind := map[string]uint64{}
	b.concern.tell()
	b.take(s, behind, 1)
	// Two more come before the reading that the first of them made begins.
	more := func() {
		b.concern.before.Store(nil)
		b.concern.tell()
		b.concern.tell()
	}
	b.concern.before.Store(&more)
	reads := b.concern.reads.Load()
	b.concern.tell()
	b.take(s, behind, 3)
	// Whatever these wakes would have read comes before what the next one reads.
	b.concern.tell()
	b.take(s, behind, 1)
	if reads = b.concern.reads.Load() - reads; reads != 2 {
		t.Errorf("%d readings for a message with two in its wake and another", reads)
	}
}

// What comes once a reading has looked, and is told of before the reading is back, is read.
func TestAWakeDuringAReadingIsKept(t *testing.T) {
	const messages = 50
	b := newBench(t)
	s, _ := b.open(&exchangev1.ExchangeRequest_Open{Window: 1000})
	behind := map[string]uint64{}
	b.concern.tell()
	b.take(s, behind, 1)
	for range messages {
		once := func() {
			b.concern.after.Store(nil)
			b.concern.tell()
		}
		b.concern.after.Store(&once)
		b.concern.tell()
		b.take(s, behind, 2)
	}
}
