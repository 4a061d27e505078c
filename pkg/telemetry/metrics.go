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

// meter is obtained before Start. Its instruments do nothing until Start, and are connected then.
var meter = otel.Meter(scope)

// Counter returns a counter. Its name must begin with "koppi.".
func Counter(name, unit, description string) metric.Int64Counter {
	counter, err := meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	if err != nil {
		panic(err) // the name is a constant of this program
	}
	counters = append(counters, counter)
	return counter
}

// counters are all counters of this program. Start sets each to 0, because a counter that first appears as 1
// does not count as an increase.
var counters []metric.Int64Counter

func initialCounters(ctx context.Context) {
	for _, counter := range counters {
		counter.Add(ctx, 0)
	}
}

// Histogram returns a histogram with the given bucket boundaries, in ascending order.
func Histogram(name, unit, description string, steps ...float64) metric.Float64Histogram {
	histogram, err := meter.Float64Histogram(name, metric.WithUnit(unit), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(steps...))
	if err != nil {
		panic(err) // the name is a constant of this program
	}
	return histogram
}

// UpDown returns a counter of things that exist now, which can decrease.
func UpDown(name, unit, description string) metric.Int64UpDownCounter {
	counter, err := meter.Int64UpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	if err != nil {
		panic(err) // the name is a constant of this program
	}
	return counter
}

// Gauge returns a gauge that is read by Observe when metrics are collected.
func Gauge(name, unit, description string) metric.Float64ObservableGauge {
	gauge, err := meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	if err != nil {
		panic(err) // the name is a constant of this program
	}
	return gauge
}

// Observe calls read whenever metrics are collected, until the returned function is called.
func Observe(read func(context.Context, metric.Observer) error, gauges ...metric.Observable) (end func()) {
	registered, err := meter.RegisterCallback(read, gauges...)
	if err != nil {
		panic(err) // the gauges are of this package
	}
	return func() { _ = registered.Unregister() }
}

// maxSeries is the most series of one instrument, in case an attribute has more values than expected.
const maxSeries = 2000

// views remove from every metric the attributes that are not in the closed list, because an attribute with
// values that a caller chooses would make unlimited series.
func views() []sdk.Option {
	return []sdk.Option{sdk.WithView(closedStream), sdk.WithCardinalityLimit(maxSeries)}
}

// closedStream returns a metric stream with only the attributes of the closed list.
func closedStream(of sdk.Instrument) (sdk.Stream, bool) {
	stream := sdk.Stream{
		Name: of.Name, Description: of.Description, Unit: of.Unit,
		AttributeFilter: inMetric, ExemplarReservoirProviderSelector: bareExemplars,
	}
	if strings.HasPrefix(of.Name, "http.server.") && strings.HasSuffix(of.Name, ".body.size") {
		// This metric is not used.
		stream.Aggregation = sdk.AggregationDrop{}
	}
	return stream, true
}

// bareExemplars returns exemplars that name only their trace. Default exemplars contain the attributes that
// were removed from the metric.
func bareExemplars(of sdk.Aggregation) exemplar.ReservoirProvider {
	makes := sdk.DefaultExemplarReservoirProviderSelector(of)
	return func(attributes attribute.Set) exemplar.Reservoir { return bareReservoir{makes(attributes)} }
}

type bareReservoir struct{ exemplar.Reservoir }

func (r bareReservoir) Offer(ctx context.Context, at time.Time, value exemplar.Value, _ []attribute.KeyValue) {
	r.Reservoir.Offer(ctx, at, value, nil)
}
