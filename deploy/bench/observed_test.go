//go:build bench

package bench

import (
	"context"
	"net"

	metricsv1 "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracesv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
)

// observedRounds is how often each is measured: what is looked for is small.
const observedRounds = 7

// observing measures what it costs to be seen: reports accepted by the service without
// telemetry, with a hundredth of loops kept, and with all. The collector takes what it is
// sent, on the same processors.
func (h *harness) observing(f figures) {
	collector := h.collector()
	measured := map[string]func() float64{}
	for name, flags := range map[string][]string{
		"off": nil, "sampled": {"--otlp", collector, "--otlp-share", "0.01"}, "full": {"--otlp", collector},
	} {
		conn := h.startConcern(flags...).dial()
		measured["accepted_32_seen_"+name] = func() float64 { return h.accepted(conn, 32) }
	}
	f.interleaveTimes(observedRounds, measured)
}

// collector is a collector that forgets.
func (h *harness) collector() string {
	h.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	server := grpc.NewServer()
	tracesv1.RegisterTraceServiceServer(server, forgetTraces{})
	metricsv1.RegisterMetricsServiceServer(server, forgetMetrics{})
	go func() { _ = server.Serve(listener) }()
	h.t.Cleanup(server.Stop)
	return "http://" + listener.Addr().String()
}

type forgetTraces struct {
	tracesv1.UnimplementedTraceServiceServer
}

func (forgetTraces) Export(context.Context, *tracesv1.ExportTraceServiceRequest) (*tracesv1.ExportTraceServiceResponse, error) {
	return &tracesv1.ExportTraceServiceResponse{}, nil
}

type forgetMetrics struct {
	metricsv1.UnimplementedMetricsServiceServer
}

func (forgetMetrics) Export(context.Context, *metricsv1.ExportMetricsServiceRequest) (*metricsv1.ExportMetricsServiceResponse, error) {
	return &metricsv1.ExportMetricsServiceResponse{}, nil
}
