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
