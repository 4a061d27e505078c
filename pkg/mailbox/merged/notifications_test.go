package merged_test

import (
	"testing"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// reading opens a stream that has taken a message of each service; take takes more.
func reading(t *testing.T) (f *fixture, take func(count int)) {
	t.Helper()
	f = newFixture(t)
	s, _ := f.open(&exchangev1.ExchangeRequest_Open{Window: 1000})
	behind := map[string]uint64{}
	take = func(count int) { f.take(s, behind, count) }
	f.concern.append()
	f.referral.append()
	take(2)
	return f, take
}

// A notification of one service makes the gateway read only that service. If it read all services for each message,
// each would get four times as many calls.
func TestNotificationReadsItsOwnService(t *testing.T) {
	const messages = 30
	f, take := reading(t)
	for range messages {
		f.concern.append()
		take(1)
	}
	// Reads of the other service: at the beginning, and of its own message.
	if reads := f.referral.reads.Load(); reads > 4 || f.concern.reads.Load() < messages/2 {
		t.Errorf("%d and %d reads for %d messages of one of two services", f.concern.reads.Load(), reads, messages)
	}
}

// A message that was already read is not read again for its notification. Under load, most notifications come while a
// read is in progress.
func TestNotificationOfReadMessageReadsNothing(t *testing.T) {
	f, take := reading(t)
	// Two more messages come before the read begins that the first notification causes.
	more := func() {
		f.concern.before.Store(nil)
		f.concern.append()
		f.concern.append()
	}
	f.concern.before.Store(&more)
	reads := f.concern.reads.Load()
	f.concern.append()
	take(3)
	// A read that these notifications had caused would come before the read of the next one.
	f.concern.append()
	take(1)
	if reads = f.concern.reads.Load() - reads; reads != 2 {
		t.Errorf("%d reads for a message with two right behind it and another", reads)
	}
}

// A message that is appended after a read has looked, and notified before the read has returned, is read.
func TestNotificationDuringReadIsKept(t *testing.T) {
	const messages = 50
	f, take := reading(t)
	for range messages {
		once := func() {
			f.concern.after.Store(nil)
			f.concern.append()
		}
		f.concern.after.Store(&once)
		f.concern.append()
		take(2)
	}
}

// A notification is a hint: a sequence that does not exist causes one read.
func TestNotificationOfNothingEnds(t *testing.T) {
	const messages = 30
	f, take := reading(t)
	read := make(chan struct{}, 1)
	after := func() {
		select {
		case read <- struct{}{}:
		default:
		}
	}
	f.concern.after.Store(&after)
	reads := f.concern.reads.Load()
	f.concern.hub.Notify("kela", 1000)
	<-read
	for range messages {
		f.referral.append()
		take(1)
	}
	if reads = f.concern.reads.Load() - reads; reads > 2 {
		t.Errorf("%d reads for one notification", reads)
	}
}
