package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

const scope = "koppi"

const header = "traceparent"

// Traceparent is the context's trace in W3C form; empty where it has none.
func Traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[header]
}

// Checked is a W3C form as it is kept, with its flag; empty for what is none.
func Checked(traceparent string) string {
	return Traceparent(trace.ContextWithSpanContext(context.Background(), spanOf(traceparent)))
}

// parentAlone passes on which span a call came of, and nothing else that its caller sends
// with it: the state of a trace (tracestate) holds whatever a caller wrote there.
type parentAlone struct{}

func (parentAlone) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	if traceparent := Traceparent(ctx); traceparent != "" {
		carrier.Set(header, traceparent)
	}
}

func (parentAlone) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	if at := spanOf(carrier.Get(header)); at.IsValid() {
		return trace.ContextWithRemoteSpanContext(ctx, at)
	}
	return ctx
}

func (parentAlone) Fields() []string { return []string{header} }

// spanOf is what a W3C form names; not valid where it names nothing.
func spanOf(traceparent string) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{header: traceparent})
	return trace.SpanContextFromContext(ctx)
}

// Linked starts a span of a trace of its own that is linked to others, by their W3C
// forms: what a reader is given must not be its sender's trace.
func Linked(ctx context.Context, name string, links []string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	options = append(options, trace.WithNewRoot(), trace.WithLinks(linksTo(links)...))
	return otel.Tracer(scope).Start(ctx, name, options...)
}

// Continued starts a span of the call under way, linked to what came before it by other
// calls. Where the call is not sampled and one of those is, it begins a trace of its
// own: a loop that is seen at its beginning is seen to its end.
func Continued(ctx context.Context, name string, before []string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	if !started.Load() {
		return ctx, noop.Span{}
	}
	links := linksTo(before)
	options = append(options, trace.WithLinks(links...))
	if !trace.SpanContextFromContext(ctx).IsSampled() && anySampled(links) {
		options = append(options, trace.WithNewRoot())
	}
	return otel.Tracer(scope).Start(ctx, name, options...)
}

// Within starts a span of what is under way, without making it what is.
func Within(ctx context.Context, name string, options ...trace.SpanStartOption) trace.Span {
	_, span := otel.Tracer(scope).Start(ctx, name, options...)
	return span
}

// Broken starts a trace of its own of a loop in which something is past due, from its
// beginning on. It is kept whatever share of traces is.
func Broken(ctx context.Context, name string, since time.Time, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	options = append(options, trace.WithNewRoot(), trace.WithTimestamp(since), trace.WithAttributes(broken))
	return otel.Tracer(scope).Start(ctx, name, options...)
}

// Past starts a span of what began at a time and is only told now, linked to the trace
// that it had then.
func Past(ctx context.Context, name string, since time.Time, then string, attributes ...attribute.KeyValue) trace.Span {
	return Within(ctx, name, trace.WithTimestamp(since), trace.WithLinks(linksTo([]string{then})...), trace.WithAttributes(attributes...))
}

// TraceparentOf is a span in W3C form; empty where it is not recorded.
func TraceparentOf(span trace.Span) string {
	if !span.IsRecording() {
		return ""
	}
	return Traceparent(trace.ContextWithSpan(context.Background(), span))
}

func linksTo(traceparents []string) []trace.Link {
	var links []trace.Link
	for _, one := range traceparents {
		if linked := spanOf(one); linked.IsValid() {
			links = append(links, trace.Link{SpanContext: linked})
		}
	}
	return links
}

// Together starts a span for what several callers wait for: a child of the first
// one's, linked to the others'.
func Together(ctx context.Context, name string, waiting []trace.SpanContext, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	options := []trace.SpanStartOption{trace.WithAttributes(attributes...)}
	parent := false
	for _, one := range waiting {
		switch {
		case !one.IsValid():
		case !parent:
			ctx, parent = trace.ContextWithSpanContext(ctx, one), true
		default:
			options = append(options, trace.WithLinks(trace.Link{SpanContext: one}))
		}
	}
	if !parent {
		return ctx, trace.SpanFromContext(ctx)
	}
	return otel.Tracer(scope).Start(ctx, name, options...)
}
