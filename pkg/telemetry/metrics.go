package telemetry

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
)

// Counter counts something of Koppi's own; its name begins with "koppi.".
func Counter(name, unit, description string) metric.Int64Counter {
	// The global meter makes instruments that do nothing until Start.
	counter, err := otel.Meter(scope).Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	if err != nil {
		panic(err) // the name is a constant of this program
	}
	return counter
}

// Histogram tells how large something of Koppi's own is.
func Histogram(name, unit, description string) metric.Float64Histogram {
	histogram, err := otel.Meter(scope).Float64Histogram(name, metric.WithUnit(unit), metric.WithDescription(description))
	if err != nil {
		panic(err) // the name is a constant of this program
	}
	return histogram
}
