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

// Delivery names one message of one mailbox.
type Delivery struct{ Mailbox, Subject, ID string }

// delivering is the share of deliveries that are told to be kept; nil where this process
// makes no traces.
var delivering atomic.Pointer[sdk.Sampler]

// Delivered is the trace in which a message is handed to its reader, in W3C form; empty
// where this process makes no traces. It is made of what the reader is given with it and of
// the share that is kept: not of the command that it came of, whose caller's trace, and
// whether that was kept, the reader may not know. Nor does it tell a message from another
// that was read again. Operators see it linked to that command.
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

// context is the span's. All messages of one subject in one mailbox are told to be kept, or
// none is.
func (d Delivery) context(share sdk.Sampler) trace.SpanContext {
	ids, subject := digest(d.Mailbox, d.Subject, d.ID), digest(d.Mailbox, d.Subject)
	config := trace.SpanContextConfig{TraceID: trace.TraceID(ids[:16]), SpanID: trace.SpanID(ids[16:24])}
	if share.ShouldSample(sdk.SamplingParameters{TraceID: trace.TraceID(subject[:16])}).Decision == sdk.RecordAndSample {
		config.TraceFlags = trace.FlagsSampled
	}
	return trace.NewSpanContext(config)
}

// digest is of parts, however they are cut.
func digest(parts ...string) []byte {
	text := []byte("koppi delivery")
	for _, part := range parts {
		text = binary.BigEndian.AppendUint64(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// assignedKey leads to the ids that a span is to have, and whether it is told to be kept.
type assignedKey struct{}

func assigned(ctx context.Context) (trace.SpanContext, bool) {
	at, ok := ctx.Value(assignedKey{}).(trace.SpanContext)
	return at, ok
}

// ids gives a delivery's span the ids that its reader is told, and all others random ones.
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
