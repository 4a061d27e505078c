// Package telemetry lets operators follow a command from the gateway through service and database to its
// delivery. It provides traces and metrics over OTLP, metrics for Prometheus, and logs that name their trace.
// None of them contains anything of a message's content.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync/atomic"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"

	"koppi.internal/pkg/loopback"
)

// Settings are set by operators.
type Settings struct {
	OTLP     string  `name:"otlp" help:"URL of the OTLP collector for traces and metrics, such as http://127.0.0.1:4317; without it, none are sent." env:"KOPPI_OTLP"`
	Protocol string  `name:"otlp-protocol" help:"Protocol of the collector: grpc, or http (usually port 4318)." enum:"grpc,http" default:"grpc" env:"KOPPI_OTLP_PROTOCOL"`
	Share    float64 `name:"otlp-share" help:"Share of matters whose traces are kept, 0 to 1; traces of overdue matters are always kept." default:"1" env:"KOPPI_OTLP_SHARE"`
	Metrics  string  `name:"metrics" help:"Address for Prometheus metrics (/metrics) and for probes of whether this process is alive (/livez) and ready (/readyz); without it, there are none." env:"KOPPI_METRICS"`
}

// Enabled reports whether a collector is configured.
func (s Settings) Enabled() bool { return s.OTLP != "" }

// started says that traces or metrics of this process are exported or kept. Without it, none are made.
var started atomic.Bool

// Process identifies the process that makes the telemetry. Name and Logger are required.
type Process struct {
	Name string
	// Recent keeps the last spans in this process; nil for none.
	Recent *Recent
	// Logger logs errors in making and sending telemetry.
	Logger *slog.Logger
}

// Start begins to export this process's traces and metrics: to the collector, at the address for Prometheus,
// and to Recent. The returned function sends what remains.
func (s Settings) Start(ctx context.Context, of Process) (end func(context.Context) error, err error) {
	otel.SetTextMapPropagator(parentAlone{})
	otel.SetErrorHandler(failures{of.Logger})
	otel.SetLogger(logr.FromSlogHandler(of.Logger.Handler()))
	recent := of.Recent
	if err := s.check(); err != nil {
		return nil, err
	}
	about := resource.NewSchemaless(semconv.ServiceName(of.Name), semconv.ServiceNamespace("koppi"))
	ends := &ends{}
	defer func() {
		if err != nil {
			err = errors.Join(err, ends.all(ctx))
		}
	}()
	tracing := []trace.TracerProviderOption{trace.WithResource(about), trace.WithSampler(sampler(s.Share)), trace.WithIDGenerator(ids{})}
	metering := append([]metric.Option{metric.WithResource(about)}, views()...)
	if s.Enabled() {
		spans, reader, err := s.exporters(ctx)
		if err != nil {
			return nil, err
		}
		tracing, metering = append(tracing, trace.WithBatcher(closedExporter{spans})), append(metering, metric.WithReader(reader))
	}
	if recent != nil {
		tracing = append(tracing, trace.WithSpanProcessor(closedEnds{recent}))
	}
	if s.Metrics != "" {
		reader, stop, err := scraped(ctx, s.Metrics, of.Logger)
		if err != nil {
			return nil, err
		}
		ends.add(stop)
		metering = append(metering, metric.WithReader(reader))
	}
	if s.Enabled() || recent != nil {
		started.Store(true)
		share := trace.TraceIDRatioBased(s.Share)
		delivering.Store(&share)
		provider := trace.NewTracerProvider(tracing...)
		ends.add(provider.Shutdown)
		otel.SetTracerProvider(provider)
	}
	if s.Enabled() || s.Metrics != "" {
		started.Store(true)
		provider := metric.NewMeterProvider(metering...)
		ends.add(provider.Shutdown)
		otel.SetMeterProvider(provider)
		initialCounters(ctx)
	}
	return ends.all, nil
}

// ends are functions that are called at the end, the last one first.
type ends []func(context.Context) error

func (e *ends) add(end func(context.Context) error) { *e = append(ends{end}, *e...) }

func (e *ends) all(ctx context.Context) error {
	var all error
	for _, end := range *e {
		all = errors.Join(all, end(ctx))
	}
	return all
}

// check refuses to send to another machine without encryption, because telemetry shows which agencies deal
// with each other.
func (s Settings) check() error {
	if s.Share < 0 || s.Share > 1 {
		return errors.New("--otlp-share must be between 0 and 1")
	}
	if !s.Enabled() {
		return nil
	}
	at, err := url.Parse(s.OTLP)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return fmt.Errorf("--otlp %s: write http://host:port or https://host:port", s.OTLP)
	}
	if at.Scheme == "http" && !loopback.Is(at.Host) {
		return errors.New("--otlp: without https, the collector must be on a loopback address")
	}
	return nil
}
