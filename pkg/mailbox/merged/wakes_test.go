package merged_test

import (
	"testing"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// reading is a reader that has taken a message of each service; take takes more.
func reading(t *testing.T) (b *bench, take func(count int)) {
	t.Helper()
	b = newBench(t)
	s, _ := b.open(&exchangev1.ExchangeRequest_Open{Window: 1000})
	behind := map[string]uint64{}
	take = func(count int) { b.take(s, behind, count) }
	b.concern.tell()
	b.referral.tell()
	take(2)
	return b, take
}

// Where one service has told something only that one is read: a gateway that read all of
// them for each message would ask four times as much of its services.
func TestAWakeReadsItsOwnServiceAlone(t *testing.T) {
	const messages = 30
	b, take := reading(t)
	for range messages {
		b.concern.tell()
		take(1)
	}
	// Of the other: what there was at first, and its own message.
	if reads := b.referral.reads.Load(); reads > 4 || b.concern.reads.Load() < messages/2 {
		t.Errorf("%d and %d readings for %d messages of one of two services", b.concern.reads.Load(), reads, messages)
	}
}

// What a reading has brought is not read once more for the wake that tells of it: under
// much work most wakes come while a reading is under way.
func TestAWakeOfWhatWasReadReadsNothing(t *testing.T) {
	b, take := reading(t)
	// Two more come before the reading that the first of them made begins.
	more := func() {
		b.concern.before.Store(nil)
		b.concern.tell()
		b.concern.tell()
	}
	b.concern.before.Store(&more)
	reads := b.concern.reads.Load()
	b.concern.tell()
	take(3)
	// Whatever these wakes would have read comes before what the next one reads.
	b.concern.tell()
	take(1)
	if reads = b.concern.reads.Load() - reads; reads != 2 {
		t.Errorf("%d readings for a message with two in its wake and another", reads)
	}
}

// What comes once a reading has looked, and is told of before the reading is back, is read.
func TestAWakeDuringAReadingIsKept(t *testing.T) {
	const messages = 50
	b, take := reading(t)
	for range messages {
		once := func() {
			b.concern.after.Store(nil)
			b.concern.tell()
		}
		b.concern.after.Store(&once)
		b.concern.tell()
		take(2)
	}
}

// A wake is a hint: one of more than there is, is looked into and left.
func TestAWakeOfNothingEnds(t *testing.T) {
	const messages = 30
	b, take := reading(t)
	looked := make(chan struct{}, 1)
	look := func() {
		select {
		case looked <- struct{}{}:
		default:
		}
	}
	b.concern.after.Store(&look)
	reads := b.concern.reads.Load()
	b.concern.hub.Notify("kela", 1000)
	<-looked
	for range messages {
		b.referral.tell()
		take(1)
	}
	if reads = b.concern.reads.Load() - reads; reads > 2 {
		t.Errorf("%d readings for one wake", reads)
	}
}
