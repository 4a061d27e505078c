package telemetry

import (
	"slices"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// sampler samples a share of the traces that begin here. Otherwise it follows the decision of the caller, or
// of a linked trace. Traces of overdue matters are always sampled.
func sampler(share float64) sdk.Sampler {
	return sdk.ParentBased(rootSampler{sdk.TraceIDRatioBased(share)})
}

type rootSampler struct{ share sdk.Sampler }

func (s rootSampler) Description() string { return "loops " + s.share.Description() }

func (s rootSampler) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	own, delivers := assigned(p.ParentContext)
	switch {
	case own.IsSampled():
		return sdk.AlwaysSample().ShouldSample(p)
	case delivers && !anySampled(p.Links):
		return sdk.NeverSample().ShouldSample(p)
	case slices.Contains(p.Attributes, broken) || anySampled(p.Links):
		return sdk.AlwaysSample().ShouldSample(p)
	case len(p.Links) > 0 || p.Kind == trace.SpanKindClient:
		// The linked trace was not sampled, or this is a statement outside a call, as in a sweep that runs
		// every second.
		return sdk.NeverSample().ShouldSample(p)
	default:
		return s.share.ShouldSample(p)
	}
}

func anySampled(links []trace.Link) bool {
	return slices.ContainsFunc(links, func(link trace.Link) bool { return link.SpanContext.IsSampled() })
}
