package mailbox_test

import (
	"fmt"
	"testing"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// From an append to its message at an open stream, beside none and beside a hundred
// readers that have stopped reading. Compare the two of one run.
func BenchmarkDelivery(b *testing.B) {
	for _, stalled := range []int{0, 100} {
		b.Run(fmt.Sprintf("stalled=%d", stalled), func(b *testing.B) {
			bench := newBench(b, never)
			for i := range stalled {
				bench.open(&exchangev1.ExchangeRequest_Open{Consumer: fmt.Sprintf("stalled-%d", i), Window: 10_000})
			}
			// More than lines and buffers hold, so that the stalled ones stall.
			bench.tellLong(500, "", 4<<10)
			reader := bench.open(&exchangev1.ExchangeRequest_Open{Consumer: "reader", Window: 10_000})
			reader.acknowledge(reader.deliveries(1, 500))
			next := uint64(501)
			for b.Loop() {
				bench.tell(1, "")
				cursor := reader.deliveries(next, next)
				if next%100 == 0 {
					reader.acknowledge(cursor)
				}
				next++
			}
		})
	}
}

// How fast a reader that is behind catches up, a message an operation.
func BenchmarkCatchUp(b *testing.B) {
	bench := newBench(b, never)
	const messages = 10_000
	bench.tell(messages, "concerns/one")
	for b.Loop() {
		b.StopTimer()
		reader := bench.open(&exchangev1.ExchangeRequest_Open{Window: 10_000, Cursor: "AQ", WithRecords: true})
		b.StartTimer()
		reader.deliveries(1, messages)
		b.StopTimer()
		_ = reader.CloseSend()
		_ = reader.ended()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/messages, "ns/message")
}
