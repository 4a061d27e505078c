package mailbox_test

import (
	"fmt"
	"testing"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// BenchmarkDelivery measures the time from an append to the message on an open stream, without other readers and
// beside a hundred readers that have stopped reading. Compare the two results of one run.
func BenchmarkDelivery(b *testing.B) {
	for _, stalled := range []int{0, 100} {
		b.Run(fmt.Sprintf("stalled=%d", stalled), func(b *testing.B) {
			f := newFixture(b, never)
			for i := range stalled {
				f.open(&exchangev1.ExchangeRequest_Open{Consumer: fmt.Sprintf("stalled-%d", i), Window: 10_000})
			}
			// More than windows and buffers hold, so that the stalled readers stall.
			f.appendLong(500, "", 4<<10)
			reader := f.open(&exchangev1.ExchangeRequest_Open{Consumer: "reader", Window: 10_000})
			reader.acknowledge(reader.deliveries(1, 500))
			next := uint64(501)
			for b.Loop() {
				f.append(1, "")
				cursor := reader.deliveries(next, next)
				if next%100 == 0 {
					reader.acknowledge(cursor)
				}
				next++
			}
		})
	}
}

// BenchmarkCatchUp measures how fast a reader that is behind catches up.
func BenchmarkCatchUp(b *testing.B) {
	f := newFixture(b, never)
	const messages = 10_000
	f.append(messages, "concerns/one")
	for b.Loop() {
		b.StopTimer()
		reader := f.open(&exchangev1.ExchangeRequest_Open{Window: 10_000, Cursor: "AQ", WithRecords: true})
		b.StartTimer()
		reader.deliveries(1, messages)
		b.StopTimer()
		_ = reader.CloseSend()
		_ = reader.ended()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/messages, "ns/message")
}
