package journal

import (
	"context"
	"iter"
)

// Raw reads everything that a store holds, as it is stored, in the order of its keys. It serves
// programs that verify or move a whole journal.
type Raw interface {
	RawEvents(ctx context.Context) iter.Seq2[SealedEvent, error]
	RawStreams(ctx context.Context) iter.Seq2[RawStream, error]
	RawWorklistEntries(ctx context.Context) iter.Seq2[WorklistEntry, error]
	// RawDeliveries opens each record whose key exists.
	RawDeliveries(ctx context.Context) iter.Seq2[RawDelivery, error]
	RawUniqueKeys(ctx context.Context) iter.Seq2[UniqueKey, error]
	RawConsumers(ctx context.Context) iter.Seq2[RawConsumer, error]
	RawAccesses(ctx context.Context) iter.Seq2[Access, error]
	Positions(ctx context.Context, agencies ...string) (map[string]Position, error)
}

// RawStream is a stream's row with the hash of its last event.
type RawStream struct {
	Stream
	Head []byte
}

// RawDelivery is a delivery as stored. Unreadable says that its record did not open although its
// key exists.
type RawDelivery struct {
	Delivery
	Unreadable bool
}

// RawConsumer is a consumer with its name.
type RawConsumer struct {
	Consumer
	Agency, Name string
}
