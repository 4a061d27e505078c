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

// Traceparent returns the context's trace as a W3C traceparent; empty if it has none.
func Traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[header]
}

// Checked returns a traceparent in normal form, with its sampled flag; empty if the text is invalid.
func Checked(traceparent string) string {
	return Traceparent(trace.ContextWithSpanContext(context.Background(), spanOf(traceparent)))
}

// parentAlone propagates only the parent span of a call. It drops the trace state (tracestate), which may
// contain anything that a caller wrote.
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

// spanOf returns the span context of a traceparent; an invalid one if the text is invalid.
func spanOf(traceparent string) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{header: traceparent})
	return trace.SpanContextFromContext(ctx)
}

// Linked starts a span in a new trace that is linked to others by their traceparents: a reader must not get
// its sender's trace.
func Linked(ctx context.Context, name string, links []string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	options = append(options, trace.WithNewRoot(), trace.WithLinks(linksTo(links)...))
	return otel.Tracer(scope).Start(ctx, name, options...)
}

// Continued starts a span of the current call, linked to earlier calls. If the call is not sampled but one of
// the earlier ones is, the span begins a new trace, so that a matter that was traced at its beginning is
// traced to its end.
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

// Within starts a child span, but does not make it the current span.
func Within(ctx context.Context, name string, options ...trace.SpanStartOption) trace.Span {
	_, span := otel.Tracer(scope).Start(ctx, name, options...)
	return span
}

// Broken starts a new trace of a matter in which something is overdue, with a span that begins at since. It
// is always sampled.
func Broken(ctx context.Context, name string, since time.Time, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	options = append(options, trace.WithNewRoot(), trace.WithTimestamp(since), trace.WithAttributes(broken))
	return otel.Tracer(scope).Start(ctx, name, options...)
}

// Past starts a span that began at since but is reported only now, linked to the trace of that time.
func Past(ctx context.Context, name string, since time.Time, then string, attributes ...attribute.KeyValue) trace.Span {
	return Within(ctx, name, trace.WithTimestamp(since), trace.WithLinks(linksTo([]string{then})...), trace.WithAttributes(attributes...))
}

// TraceparentOf returns a span as a traceparent; empty if the span is not recorded.
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

// Together starts a span for work for which several callers wait: a child of the first caller's span, linked
// to the others'.
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
