package telemetry

import (
	"slices"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// sampler keeps a share of what begins here, and follows what was kept elsewhere: of its
// caller, or of what it is linked to. Loops that broke are kept whatever the share.
func sampler(share float64) sdk.Sampler {
	return sdk.ParentBased(rootSampler{sdk.TraceIDRatioBased(share)})
}

type rootSampler struct{ share sdk.Sampler }

func (s rootSampler) Description() string { return "loops " + s.share.Description() }

func (s rootSampler) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	told, delivers := assigned(p.ParentContext)
	switch {
	case told.IsSampled():
		return sdk.AlwaysSample().ShouldSample(p)
	case delivers && !anySampled(p.Links):
		return sdk.NeverSample().ShouldSample(p)
	case slices.Contains(p.Attributes, broken) || anySampled(p.Links):
		return sdk.AlwaysSample().ShouldSample(p)
	case len(p.Links) > 0 || p.Kind == trace.SpanKindClient:
		// The loop was not kept; or it is a statement of nobody's call, as of a sweep
		// that comes every second.
		return sdk.NeverSample().ShouldSample(p)
	default:
		return s.share.ShouldSample(p)
	}
}

func anySampled(links []trace.Link) bool {
	return slices.ContainsFunc(links, func(link trace.Link) bool { return link.SpanContext.IsSampled() })
}
