package telemetry

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
)

// exporters returns exporters that send spans and metrics to the collector.
func (s Settings) exporters(ctx context.Context) (*otlptrace.Exporter, metric.Reader, error) {
	spans, err := otlptrace.New(ctx, s.spans())
	if err != nil {
		return nil, nil, fmt.Errorf("telemetry: %w", err)
	}
	metrics, err := s.metrics(ctx)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("telemetry: %w", err), spans.Shutdown(ctx))
	}
	return spans, metric.NewPeriodicReader(metrics), nil
}

func (s Settings) spans() otlptrace.Client {
	if s.Protocol == "http" {
		return otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(s.OTLP + "/v1/traces"))
	}
	return otlptracegrpc.NewClient(otlptracegrpc.WithEndpointURL(s.OTLP))
}

func (s Settings) metrics(ctx context.Context) (metric.Exporter, error) {
	if s.Protocol == "http" {
		return otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(s.OTLP+"/v1/metrics"))
	}
	return otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpointURL(s.OTLP))
}
