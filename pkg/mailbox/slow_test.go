package mailbox_test

import (
	"fmt"
	"runtime"
	"testing"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Readers that stop reading hold no more than their window, ask nothing of the
// journal meanwhile, and leave others what they need.
func TestStalledReaders(t *testing.T) {
	const stalled, messages, size, window = 100, 500, 20 << 10, 10
	b := newBench(t, never)
	var streams []*stream
	for i := range stalled {
		streams = append(streams, b.open(&exchangev1.ExchangeRequest_Open{Consumer: fmt.Sprintf("stalled-%d", i), Window: window}))
	}
	before := heap()
	b.tellLong(messages, "", size)
	reader := b.open(&exchangev1.ExchangeRequest_Open{Consumer: "reader", Window: 10_000})
	reader.deliveries(1, messages)
	// Beside the window: what lines and buffers of both ends hold, here in one process.
	const most = window*size + 512<<10
	if held := (heap() - before) / stalled; held > most {
		t.Errorf("a stalled reader holds %d bytes", held)
	} else {
		t.Logf("a stalled reader holds %d bytes", held)
	}
	reads := b.store.reads.Load()
	for i := range uint64(100) {
		b.tell(1, "")
		reader.deliveries(messages+1+i, messages+1+i)
	}
	// The one reader reads a page or two for each message; the others do not.
	if more := b.store.reads.Load() - reads; more > 200 {
		t.Errorf("%d reads for 100 messages", more)
	}
	for _, s := range streams {
		s.acknowledge(s.deliveries(1, window))
		s.deliveries(window+1, 2*window)
	}
}

// heap is what is in use after collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
