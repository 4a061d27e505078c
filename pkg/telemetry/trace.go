package telemetry

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const scope = "koppi"

const header = "traceparent"

// Traceparent is the context's trace in W3C form; empty where it has none.
func Traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[header]
}

// spanOf is what a W3C form names; not valid where it names nothing.
func spanOf(traceparent string) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{header: traceparent})
	return trace.SpanContextFromContext(ctx)
}

// Linked starts a span of a trace of its own that is linked to others, by their W3C
// forms: what a reader is given must not be its sender's trace.
func Linked(ctx context.Context, name string, links []string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	options := []trace.SpanStartOption{trace.WithNewRoot(), trace.WithAttributes(attributes...)}
	for _, one := range links {
		if linked := spanOf(one); linked.IsValid() {
			options = append(options, trace.WithLinks(trace.Link{SpanContext: linked}))
		}
	}
	return otel.Tracer(scope).Start(ctx, name, options...)
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
