package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	metricsv1 "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracesv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/scenario"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// collector receives what processes tell of themselves.
type collector struct {
	address string

	mu sync.Mutex
	// raw is all that came in, to be searched for what must not.
	raw     bytes.Buffer
	spans   []span
	metrics map[string]bool
}

// span is one of a process.
type span struct {
	process string
	*tracev1.Span
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	c := collecting(t, listener)
	c.address = "http://" + listener.Addr().String()
	return c
}

// collecting is a collector where something listens.
func collecting(t *testing.T, listener net.Listener) *collector {
	t.Helper()
	c := &collector{metrics: map[string]bool{}}
	server := grpc.NewServer()
	tracesv1.RegisterTraceServiceServer(server, traces{collector: c})
	metricsv1.RegisterMetricsServiceServer(server, metrics{collector: c})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return c
}

type traces struct {
	tracesv1.UnimplementedTraceServiceServer
	*collector
}

type metrics struct {
	metricsv1.UnimplementedMetricsServiceServer
	*collector
}

func (c traces) Export(_ context.Context, r *tracesv1.ExportTraceServiceRequest) (*tracesv1.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(must(proto.Marshal(r)))
	left.note(leftTrace, protojson.Format(r))
	for _, resource := range r.GetResourceSpans() {
		process := ""
		for _, attribute := range resource.GetResource().GetAttributes() {
			if attribute.GetKey() == "service.name" {
				process = attribute.GetValue().GetStringValue()
			}
		}
		for _, scope := range resource.GetScopeSpans() {
			for _, one := range scope.GetSpans() {
				c.spans = append(c.spans, span{process, one})
			}
		}
	}
	return &tracesv1.ExportTraceServiceResponse{}, nil
}

func (c metrics) Export(_ context.Context, r *metricsv1.ExportMetricsServiceRequest) (*metricsv1.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(must(proto.Marshal(r)))
	left.note(leftTrace, protojson.Format(r))
	for _, resource := range r.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, one := range scope.GetMetrics() {
				c.metrics[one.GetName()] = true
			}
		}
	}
	return &metricsv1.ExportMetricsServiceResponse{}, nil
}

// exemplars are the measures of a process that name a trace.
func exemplars(t *testing.T, url string) []string {
	t.Helper()
	request := must(http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil))
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	response := must(http.DefaultClient.Do(request))
	defer func() { _ = response.Body.Close() }()
	var found []string
	for line := range strings.Lines(string(must(io.ReadAll(response.Body)))) {
		if strings.Contains(line, "trace_id=") {
			found = append(found, line)
		}
	}
	return found
}

// An operator can follow a command from the duration metric to one trace through gateway, service
// and database, with its delivery linked. The trace contains nothing of the command's content.
func TestTelemetry(t *testing.T) {
	const traceID, text = "4bf92f3577b34da6a3ce929d0e0e4736", "Kaksi vuokraa maksamatta"
	c := newCollector(t)
	g := newGround(t, "fsync=off")
	g.gateway, g.observed = []string{"--otlp", c.address}, true
	suite := g.cluster(t, 1, nil, "--otlp", c.address)
	gateway := suite.gateways[0].address
	conn := dialStubborn(t, gateway)
	token := func(r *devv1.IssueTokenRequest) string {
		return insist(t, t.Context(), devv1.NewDevServiceClient(conn).IssueToken, r).GetToken()
	}
	worker := token(&devv1.IssueTokenRequest{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: "benefit_handler"})
	calls := scenario.ConnectJSON{Address: "http://" + gateway, Client: &http.Client{Transport: traced{"00-" + traceID + "-00f067aa0ba902b7-01"}}}
	if _, err := calls.Call(t.Context(), worker, "koppi.concern.v1.ConcernService/SubmitConcern", []byte(report(map[string]any{"description": text}))); err != nil {
		t.Fatal(err)
	}
	box := openInbox(t, "kela")
	connect(t, gateway, token(&devv1.IssueTokenRequest{Agency: "kela", Role: "system"}), box)
	box.reach(t, 1)
	var measured []string
	for _, url := range suite.metrics {
		measured = append(measured, exemplars(t, url)...)
	}
	if want := `{rpc_method="koppi.concern.v1.ConcernService/SubmitConcern"`; !slices.ContainsFunc(measured, func(line string) bool {
		return strings.HasPrefix(line, "rpc_server_call_duration_seconds_bucket"+want) && strings.Contains(line, `trace_id="`+traceID+`"`)
	}) {
		t.Errorf("no measure of the command leads to its trace: %q", measured)
	}
	for _, d := range []*daemon{suite.gateways[0], suite.services["concern"][0]} {
		d.end(syscall.SIGTERM)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	seen, linked := map[string]bool{}, false
	for _, one := range c.spans {
		if hex.EncodeToString(one.GetTraceId()) == traceID {
			seen[one.process+" "+one.GetName()] = true
		}
		for _, link := range one.GetLinks() {
			linked = linked || strings.HasPrefix(one.GetName(), "deliver ") && hex.EncodeToString(link.GetTraceId()) == traceID
		}
	}
	for _, want := range []string{
		"gateway koppi.concern.v1.ConcernService/SubmitConcern", "concern koppi.concern.v1.ConcernService/SubmitConcern", "concern journal commit", "concern journal lookups",
	} {
		if !seen[want] {
			t.Errorf("no span %q among %v", want, seen)
		}
	}
	statement := false
	for name := range seen {
		statement = statement || strings.Contains(name, "INSERT")
	}
	if !statement || !linked {
		t.Errorf("a statement is seen: %v; the delivery is linked: %v; %v", statement, linked, seen)
	}
	for _, want := range []string{"koppi.journal.group", "rpc.server.call.duration"} {
		if !c.metrics[want] {
			t.Errorf("no metric %q among %v", want, c.metrics)
		}
	}
	for _, secret := range []string{text, "010594Y9032", "Testinen", worker} {
		if bytes.Contains(c.raw.Bytes(), []byte(secret)) {
			t.Errorf("telemetry tells %q", secret)
		}
	}
}

// traced sends a trace with each call.
type traced struct{ traceparent string }

func (t traced) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Traceparent", t.traceparent)
	return http.DefaultTransport.RoundTrip(r)
}
