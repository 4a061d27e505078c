// Package telemetrytest receives traces and metrics of the processes under test, as an operator's
// collector does.
package telemetrytest

import (
	"bytes"
	"context"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"

	metricsv1 "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracesv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/testkit/leaktest"
)

// Collector keeps what it receives.
type Collector struct {
	// Address is for --otlp; it begins with http://.
	Address string

	mu       sync.Mutex
	received Received
}

// Received is what a collector has received.
type Received struct {
	// Raw is all of it in wire form, to be searched.
	Raw []byte
	// Spans are in the order of arrival.
	Spans []Span
	// Metrics are the names of all metrics.
	Metrics map[string]bool
}

// Span is a span with the name of its process, such as "gateway" or "concern".
type Span struct {
	Process string
	*tracev1.Span
}

// Attribute returns an attribute of text; "" if there is none.
func (s Span) Attribute(key string) string { return attribute(s.GetAttributes(), key) }

func attribute(attributes []*commonv1.KeyValue, key string) string {
	for _, one := range attributes {
		if one.GetKey() == key {
			return one.GetValue().GetStringValue()
		}
	}
	return ""
}

// Start starts a collector on a free port until the test ends.
func Start(t testing.TB) *Collector {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := StartAt(t, listener)
	c.Address = "http://" + listener.Addr().String()
	return c
}

// StartAt starts a collector at a listener, which may be one of TLS.
func StartAt(t testing.TB, listener net.Listener) *Collector {
	t.Helper()
	c := &Collector{received: Received{Metrics: map[string]bool{}}}
	server := grpc.NewServer()
	tracesv1.RegisterTraceServiceServer(server, traces{collector: c})
	metricsv1.RegisterMetricsServiceServer(server, metrics{collector: c})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return c
}

// Received returns a copy of what was received until now.
func (c *Collector) Received() Received {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Received{Raw: bytes.Clone(c.received.Raw), Spans: slices.Clone(c.received.Spans), Metrics: maps.Clone(c.received.Metrics)}
}

type traces struct {
	tracesv1.UnimplementedTraceServiceServer
	collector *Collector
}

type metrics struct {
	metricsv1.UnimplementedMetricsServiceServer
	collector *Collector
}

// keep keeps the wire form of an export, and records it for leaktest.
func (r *Received) keep(export proto.Message) error {
	raw, err := proto.Marshal(export)
	r.Raw = append(r.Raw, raw...)
	leaktest.Note(leaktest.Trace, protojson.Format(export))
	return err
}

func (s traces) Export(_ context.Context, r *tracesv1.ExportTraceServiceRequest) (*tracesv1.ExportTraceServiceResponse, error) {
	s.collector.mu.Lock()
	defer s.collector.mu.Unlock()
	into := &s.collector.received
	for _, resource := range r.GetResourceSpans() {
		process := attribute(resource.GetResource().GetAttributes(), "service.name")
		for _, scope := range resource.GetScopeSpans() {
			for _, one := range scope.GetSpans() {
				into.Spans = append(into.Spans, Span{process, one})
			}
		}
	}
	return &tracesv1.ExportTraceServiceResponse{}, into.keep(r)
}

func (s metrics) Export(_ context.Context, r *metricsv1.ExportMetricsServiceRequest) (*metricsv1.ExportMetricsServiceResponse, error) {
	s.collector.mu.Lock()
	defer s.collector.mu.Unlock()
	into := &s.collector.received
	for _, resource := range r.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, one := range scope.GetMetrics() {
				into.Metrics[one.GetName()] = true
			}
		}
	}
	return &metricsv1.ExportMetricsServiceResponse{}, into.keep(r)
}
