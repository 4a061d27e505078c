package telemetry

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
)

// meter is the one from before Start: it makes instruments that do nothing until then, and
// knows them as its own afterwards.
var meter = otel.Meter(scope)

// Counter counts something of Koppi's own; its name begins with "koppi.".
func Counter(name, unit, description string) metric.Int64Counter {
	counter, err := meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	if err != nil {
		panic(err) // the name is a constant of this program
	}
	counters = append(counters, counter)
	return counter
}

// counters are all of this program's. They begin with a nought: what is first seen with a
// one has not increased.
var counters []metric.Int64Counter

func initialCounters(ctx context.Context) {
	for _, counter := range counters {
		counter.Add(ctx, 0)
	}
}

// Histogram tells how large something of Koppi's own is, in steps from small to large.
func Histogram(name, unit, description string, steps ...float64) metric.Float64Histogram {
	histogram, err := meter.Float64Histogram(name, metric.WithUnit(unit), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(steps...))
	if err != nil {
		panic(err) // the name is a constant of this program
	}
	return histogram
}

// UpDown counts what is there now.
func UpDown(name, unit, description string) metric.Int64UpDownCounter {
	counter, err := meter.Int64UpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	if err != nil {
		panic(err) // the name is a constant of this program
	}
	return counter
}

// Gauge is read when metrics are, by Observe.
func Gauge(name, unit, description string) metric.Float64ObservableGauge {
	gauge, err := meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	if err != nil {
		panic(err) // the name is a constant of this program
	}
	return gauge
}

// Observe reads gauges whenever metrics are read, until it is ended.
func Observe(read func(context.Context, metric.Observer) error, gauges ...metric.Observable) (end func()) {
	registered, err := meter.RegisterCallback(read, gauges...)
	if err != nil {
		panic(err) // the gauges are of this package
	}
	return func() { _ = registered.Unregister() }
}

// maxSeries bounds those of one instrument, should a label have more values than it may.
const maxSeries = 2000

// views leave out of every metric, whoever makes it, what is not in the closed list: each
// label that a caller can choose makes series without end.
func views() []sdk.Option {
	return []sdk.Option{sdk.WithView(closedStream), sdk.WithCardinalityLimit(maxSeries)}
}

// closedStream is a metric with the attributes of the closed list alone.
func closedStream(of sdk.Instrument) (sdk.Stream, bool) {
	stream := sdk.Stream{
		Name: of.Name, Description: of.Description, Unit: of.Unit,
		AttributeFilter: inMetric, ExemplarReservoirProviderSelector: bareExemplars,
	}
	if strings.HasPrefix(of.Name, "http.server.") && strings.HasSuffix(of.Name, ".body.size") {
		// Nobody asks for it.
		stream.Aggregation = sdk.AggregationDrop{}
	}
	return stream, true
}

// bareExemplars are examples of what was measured that name their trace and nothing else:
// else they have the very attributes that the metric is without.
func bareExemplars(of sdk.Aggregation) exemplar.ReservoirProvider {
	makes := sdk.DefaultExemplarReservoirProviderSelector(of)
	return func(attributes attribute.Set) exemplar.Reservoir { return bareReservoir{makes(attributes)} }
}

type bareReservoir struct{ exemplar.Reservoir }

func (r bareReservoir) Offer(ctx context.Context, at time.Time, value exemplar.Value, _ []attribute.KeyValue) {
	r.Reservoir.Offer(ctx, at, value, nil)
}
