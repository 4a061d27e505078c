package telemetry

import (
	"context"
	"slices"
	"sync"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// maxRecent is the most spans that a Recent keeps.
const maxRecent = 20_000

// Recent keeps the most recently ended spans, so that a machine without a collector can show traces. It is
// for trials only.
type Recent struct {
	mu    sync.Mutex
	spans []sdk.ReadOnlySpan
	next  int
}

// NewRecent returns an empty Recent.
func NewRecent() *Recent { return &Recent{} }

// OnStart does nothing: only ended spans are kept.
func (r *Recent) OnStart(context.Context, sdk.ReadWriteSpan) {}

// OnEnd keeps a span. If there are too many, it replaces the oldest.
func (r *Recent) OnEnd(span sdk.ReadOnlySpan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.spans) < maxRecent {
		r.spans = append(r.spans, span)
		return
	}
	r.spans[r.next] = span
	r.next = (r.next + 1) % maxRecent
}

// Shutdown does nothing, because there is nothing to send.
func (r *Recent) Shutdown(context.Context) error { return nil }

// ForceFlush does nothing, because there is nothing to send.
func (r *Recent) ForceFlush(context.Context) error { return nil }

// Of returns the spans of all traces that name a subject, in order of their start.
func (r *Recent) Of(subject string) []sdk.ReadOnlySpan {
	r.mu.Lock()
	defer r.mu.Unlock()
	named := map[trace.TraceID]bool{}
	for _, span := range r.spans {
		if slices.Contains(span.Attributes(), KeySubject.String(subject)) {
			named[span.SpanContext().TraceID()] = true
		}
	}
	var found []sdk.ReadOnlySpan
	for _, span := range r.spans {
		if named[span.SpanContext().TraceID()] {
			found = append(found, span)
		}
	}
	slices.SortStableFunc(found, func(a, b sdk.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	return found
}
