package telemetry

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/deploy/testkit/telemetrytest"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// exemplars are the measures of a process that name a trace.
func exemplars(t *testing.T, url string) []string {
	t.Helper()
	request := testkit.Must(http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil))
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	response := testkit.Must(http.DefaultClient.Do(request))
	defer func() { _ = response.Body.Close() }()
	var found []string
	for line := range strings.Lines(string(testkit.Must(io.ReadAll(response.Body)))) {
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
	c := telemetrytest.Start(t)
	env := clustertest.NewEnvironment(t, "fsync=off")
	env.GatewayFlags, env.Observed = []string{"--otlp", c.Address}, true
	suite := env.Start(t, 1, nil, "--otlp", c.Address)
	gateway := suite.Gateways[0].Address
	conn := testkit.Dial(t, gateway)
	token := func(r *devv1.IssueTokenRequest) string {
		return testkit.IssueToken(t, conn, r)
	}
	worker := token(&devv1.IssueTokenRequest{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: "benefit_handler"})
	calls := scenario.ConnectJSON{Address: "http://" + gateway, Client: &http.Client{Transport: traced{"00-" + traceID + "-00f067aa0ba902b7-01"}}}
	if _, err := calls.Call(t.Context(), worker, "koppi.concern.v1.ConcernService/SubmitConcern", []byte(testkit.Report(map[string]any{"description": text}))); err != nil {
		t.Fatal(err)
	}
	box := partnertest.OpenInbox(t, "kela")
	partnertest.Connect(t, gateway, token(&devv1.IssueTokenRequest{Agency: "kela", Role: "system"}), box)
	box.Reach(t, 1)
	var measured []string
	for _, url := range suite.Metrics {
		measured = append(measured, exemplars(t, url)...)
	}
	if want := `{rpc_method="koppi.concern.v1.ConcernService/SubmitConcern"`; !slices.ContainsFunc(measured, func(line string) bool {
		return strings.HasPrefix(line, "rpc_server_call_duration_seconds_bucket"+want) && strings.Contains(line, `trace_id="`+traceID+`"`)
	}) {
		t.Errorf("no measure of the command leads to its trace: %q", measured)
	}
	for _, d := range []*clustertest.Process{suite.Gateways[0], suite.Services["concern"][0]} {
		d.End(syscall.SIGTERM)
	}
	received := c.Received()
	seen, linked := map[string]bool{}, false
	for _, one := range received.Spans {
		if hex.EncodeToString(one.GetTraceId()) == traceID {
			seen[one.Process+" "+one.GetName()] = true
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
		if !received.Metrics[want] {
			t.Errorf("no metric %q among %v", want, received.Metrics)
		}
	}
	for _, secret := range []string{text, "010594Y9032", "Testinen", worker} {
		if bytes.Contains(received.Raw, []byte(secret)) {
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
