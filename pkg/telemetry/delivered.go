package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Delivery identifies one message of one mailbox.
type Delivery struct{ Mailbox, Subject, ID string }

// delivering decides which share of deliveries is sampled; nil if this process makes no traces.
var delivering atomic.Pointer[sdk.Sampler]

// Delivers reports whether deliveries have traces in this process.
func Delivers() bool { return delivering.Load() != nil }

// Delivered returns the traceparent of the trace in which a message is delivered to its reader; empty if this
// process makes no traces. The trace id is derived from what the reader gets with the message, and the
// sampled flag from the configured share. Neither depends on the trace of the command, because the reader may
// not learn that trace or whether it was sampled. Nor does the traceparent distinguish a first delivery from
// a repeated one. For operators the span is linked to the command's trace.
func (d Delivery) Delivered(ctx context.Context, name, command string, options ...trace.SpanStartOption) string {
	share := delivering.Load()
	if share == nil {
		return ""
	}
	at := d.context(*share)
	ctx = context.WithValue(ctx, assignedKey{}, at)
	_, span := Linked(ctx, name, []string{command}, options...)
	span.End()
	return Traceparent(trace.ContextWithSpanContext(ctx, at))
}

// context returns the span context. Either all messages about one subject in one mailbox are sampled, or
// none.
func (d Delivery) context(share sdk.Sampler) trace.SpanContext {
	ids, subject := digest(d.Mailbox, d.Subject, d.ID), digest(d.Mailbox, d.Subject)
	config := trace.SpanContextConfig{TraceID: trace.TraceID(ids[:16]), SpanID: trace.SpanID(ids[16:24])}
	if share.ShouldSample(sdk.SamplingParameters{TraceID: trace.TraceID(subject[:16])}).Decision == sdk.RecordAndSample {
		config.TraceFlags = trace.FlagsSampled
	}
	return trace.NewSpanContext(config)
}

// digest hashes parts, so that different divisions into parts give different results.
func digest(parts ...string) []byte {
	text := []byte("koppi delivery")
	for _, part := range parts {
		text = binary.BigEndian.AppendUint64(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// assignedKey is the context key of the ids and the sampled flag that a span is to have.
type assignedKey struct{}

func assigned(ctx context.Context) (trace.SpanContext, bool) {
	at, ok := ctx.Value(assignedKey{}).(trace.SpanContext)
	return at, ok
}

// ids gives a delivery's span the ids that its reader gets, and all other spans random ids.
type ids struct{}

func (ids) NewIDs(ctx context.Context) (traceID trace.TraceID, spanID trace.SpanID) {
	if at, ok := assigned(ctx); ok {
		return at.TraceID(), at.SpanID()
	}
	for !traceID.IsValid() {
		binary.NativeEndian.PutUint64(traceID[:8], rand.Uint64()) //nolint:gosec // names, and no secrets
		binary.NativeEndian.PutUint64(traceID[8:], rand.Uint64()) //nolint:gosec // as above
	}
	return traceID, ids{}.NewSpanID(ctx, traceID)
}

func (ids) NewSpanID(context.Context, trace.TraceID) (spanID trace.SpanID) {
	for !spanID.IsValid() {
		binary.NativeEndian.PutUint64(spanID[:], rand.Uint64()) //nolint:gosec // as above
	}
	return spanID
}
