package mailbox_test

import (
	"fmt"
	"runtime"
	"testing"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Readers that stop reading hold at most their window in memory, do not read the journal meanwhile, and do not
// delay other readers.
func TestStalledReaders(t *testing.T) {
	const stalled, messages, size, window = 100, 500, 20 << 10, 10
	f := newFixture(t, never)
	var streams []*stream
	for i := range stalled {
		streams = append(streams, f.open(&exchangev1.ExchangeRequest_Open{Consumer: fmt.Sprintf("stalled-%d", i), Window: window}))
	}
	before := heap()
	f.appendLong(messages, "", size)
	reader := f.open(&exchangev1.ExchangeRequest_Open{Consumer: "reader", Window: 10_000})
	reader.deliveries(1, messages)
	// Besides the window: what windows of the transport and buffers of both ends hold, here in one process.
	const most = window*size + 512<<10
	if held := (heap() - before) / stalled; held > most {
		t.Errorf("a stalled reader holds %d bytes", held)
	} else {
		t.Logf("a stalled reader holds %d bytes", held)
	}
	reads := f.store.reads.Load()
	for i := range uint64(100) {
		f.append(1, "")
		reader.deliveries(messages+1+i, messages+1+i)
	}
	// The reader reads one or two pages for each message; the stalled readers read none.
	if more := f.store.reads.Load() - reads; more > 200 {
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
