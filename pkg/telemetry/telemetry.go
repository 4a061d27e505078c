// Package telemetry lets operators see a command from the gateway through service
// and database to its delivery: traces and metrics over OTLP, and logs that name
// their trace. Nothing that a message holds is in any of them.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"

	"koppi.internal/pkg/loopback"
)

// Settings are what operators set.
type Settings struct {
	OTLP string `name:"otlp" help:"URL of the OTLP collector (gRPC) that gets traces and metrics, such as http://127.0.0.1:4317; without it none are made." env:"KOPPI_OTLP"`
}

// Enabled tells whether there is a collector.
func (s Settings) Enabled() bool { return s.OTLP != "" }

// started tells that there is somebody to tell: what nobody sees is not made.
var started atomic.Bool

// Start makes traces and metrics of this process go to the collector. End sends what
// is left.
func (s Settings) Start(ctx context.Context, process string) (end func(context.Context) error, err error) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	if !s.Enabled() {
		return func(context.Context) error { return nil }, nil
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	traces, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(s.OTLP))
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	metrics, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpointURL(s.OTLP))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("telemetry: %w", err), traces.Shutdown(ctx))
	}
	about := resource.NewSchemaless(semconv.ServiceName(process), semconv.ServiceNamespace("koppi"))
	tracing := trace.NewTracerProvider(trace.WithBatcher(traces), trace.WithResource(about))
	metering := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(metrics)), metric.WithResource(about))
	started.Store(true)
	otel.SetTracerProvider(tracing)
	otel.SetMeterProvider(metering)
	return func(ctx context.Context) error { return errors.Join(tracing.Shutdown(ctx), metering.Shutdown(ctx)) }, nil
}

// check refuses to tell another machine in the clear who deals with whom.
func (s Settings) check() error {
	at, err := url.Parse(s.OTLP)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return fmt.Errorf("--otlp %s: write http://host:port or https://host:port", s.OTLP)
	}
	if at.Scheme == "http" && !loopback.Is(at.Host) {
		return errors.New("--otlp: without https the collector is on a loopback address alone")
	}
	return nil
}
