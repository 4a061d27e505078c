package journal

import (
	"context"
	"iter"
)

// Raw reads everything a store holds, as it is stored, in the order of its keys.
// It is for who verifies or moves a whole journal.
type Raw interface {
	RawEvents(ctx context.Context) iter.Seq2[SealedEvent, error]
	RawStreams(ctx context.Context) iter.Seq2[RawStream, error]
	RawWorklistEntries(ctx context.Context) iter.Seq2[WorklistEntry, error]
	// RawDeliveries opens each record whose key is there.
	RawDeliveries(ctx context.Context) iter.Seq2[RawDelivery, error]
	RawUniqueKeys(ctx context.Context) iter.Seq2[UniqueKey, error]
	RawConsumers(ctx context.Context) iter.Seq2[RawConsumer, error]
	RawAccesses(ctx context.Context) iter.Seq2[Access, error]
	Positions(ctx context.Context, agencies ...string) (map[string]Position, error)
}

// RawStream is a loop's row with the hash of its last event.
type RawStream struct {
	Stream
	Head []byte
}

// RawDelivery is a delivery, and why its record did not open though its key is there.
type RawDelivery struct {
	Delivery
	Unreadable bool
}

// RawConsumer is a consumer with its name.
type RawConsumer struct {
	Consumer
	Agency, Name string
}
