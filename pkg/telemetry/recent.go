package telemetry

import (
	"context"
	"slices"
	"sync"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// maxRecent is how many spans a Recent keeps.
const maxRecent = 20_000

// Recent keeps the spans that ended last, so that a machine without a collector shows
// loops too. It is for trying out.
type Recent struct {
	mu    sync.Mutex
	spans []sdk.ReadOnlySpan
	next  int
}

// NewRecent keeps nothing yet.
func NewRecent() *Recent { return &Recent{} }

// OnStart does nothing: what is under way is not shown.
func (r *Recent) OnStart(context.Context, sdk.ReadWriteSpan) {}

// OnEnd keeps a span, in the place of the oldest where there are too many.
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

// Shutdown and ForceFlush have nothing to send.
func (r *Recent) Shutdown(context.Context) error { return nil }

// ForceFlush sends nothing.
func (r *Recent) ForceFlush(context.Context) error { return nil }

// Of are the spans of all traces in which a subject is named, by their beginning.
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
