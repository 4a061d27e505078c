package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/deploy/testkit/telemetrytest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// exportedAttributes are all attributes of spans that operators see.
var exportedAttributes = []string{
	"db.collection.name", "db.operation.batch.size", "db.operation.name", "db.query.text", "db.redis.num_cmd", "db.system", "db.system.name", "error.type",
	"http.request.method", "http.response.status_code", "http.route",
	"koppi.agency", "koppi.broken", "koppi.event", "koppi.outcome", "koppi.phase", "koppi.service", "koppi.subject", "koppi.waiting_on",
	"messaging.batch.message_count", "messaging.destination.name", "messaging.message.id", "messaging.operation.name", "messaging.operation.type", "messaging.system",
	"network.protocol.version", "pgx.operation.type", "pgx.prepare_stmt.name", "pgx.rows_affected", "pgx.sql_state",
	"rpc.grpc.status_code", "rpc.method", "rpc.response.status_code", "rpc.service", "rpc.system", "rpc.system.name", "url.path",
}

// hostileHeaders say something of the caller's in every header that a library looks at.
func hostileHeaders(token string) http.Header {
	h := http.Header{}
	for _, name := range []string{
		"User-Agent", "X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "Via", "Referer", "Origin", "X-Request-Id", "X-User-Agent",
		"Baggage", "Tracestate", "B3", "X-Cloud-Trace-Context", "Koppi-Introduction", "Accept-Language", "Cookie",
	} {
		h.Set(name, leaktest.Canary+"="+leaktest.Canary)
	}
	h.Set("X-Forwarded-For", leaktest.CanaryAddress+", "+leaktest.Canary)
	h.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	h.Set("Content-Type", "application/json")
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	return h
}

// sendHostile posts over HTTP with those headers, to a host of the caller's naming.
func sendHostile(t *testing.T, gateway, method, path, token, body string, changes map[string]string) {
	t.Helper()
	r := testkit.Must(http.NewRequestWithContext(t.Context(), method, "http://"+gateway+path, strings.NewReader(body)))
	r.Header, r.Host = hostileHeaders(token), leaktest.Canary+".example"
	for name, value := range changes {
		r.Header.Set(name, value)
	}
	answer, err := timeoutClient.Do(r)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
}

// timeoutClient waits for an answer for at most 20 seconds.
var timeoutClient = &http.Client{Timeout: 20 * time.Second}

// Telemetry and logs contain nothing of what callers write in headers, names, paths, queries and
// hosts, nor where they call from, and no metric gets more series because of it.
func TestTelemetryIsClosed(t *testing.T) {
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
	system := token(&devv1.IssueTokenRequest{Agency: "kela", Role: "system", Worker: "jarjestelma"})
	const concern, exchange = "/koppi.concern.v1.ConcernService/", "/koppi.exchange.v1.ExchangeService/"
	for _, one := range []struct{ path, token, body string }{
		{concern + "SubmitConcern", worker, testkit.Report(nil)},
		{concern + "SubmitConcern?q=" + leaktest.Canary + "&encoding=" + leaktest.Canary, worker, testkit.Report(nil)},
		{concern + "GetConcern", worker, `{"concernId":"` + leaktest.Canary + `"}`},
		{concern + "GetConcern", worker, `{"concernId":"0198c0de-0000-4000-8000-00000000000` + "1" + `"}`},
		{concern + "GetConcern", leaktest.Canary, `{}`},
		{concern + "ListConcerns", worker, `{"unit":"` + leaktest.Canary + `","purpose":"` + leaktest.Canary + `"}`},
		{concern + leaktest.Canary, worker, `{}`},
		{"/koppi.concern.v1." + leaktest.Canary + "/GetConcern", worker, `{}`},
		{"/" + leaktest.Canary + "?q=" + leaktest.Canary, "", ""},
		{exchange + "ListMessages", system, `{"cursor":"` + leaktest.Canary + `"}`},
		{exchange + "ListMessages", system, `{"service":"` + leaktest.Canary + `"}`},
	} {
		sendHostile(t, gateway, http.MethodPost, one.path, one.token, one.body, nil)
		sendHostile(t, gateway, http.MethodGet, one.path, one.token, "", nil)
		sendHostile(t, gateway, "KANARIALINTU", one.path, one.token, "", nil)
		sendHostile(t, gateway, http.MethodPost, one.path, one.token, one.body, map[string]string{
			"Content-Type": "application/" + leaktest.Canary, "Connect-Protocol-Version": leaktest.Canary, "Content-Encoding": leaktest.Canary, "Koppi-On-Behalf-Of": leaktest.Canary,
		})
		sendHostile(t, gateway, http.MethodPost, one.path, one.token, one.body, map[string]string{"Content-Type": "application/grpc-web+proto", "Grpc-Timeout": leaktest.Canary})
	}
	overGRPC(t, gateway, worker, system)
	for i := range 40 {
		sendHostile(t, gateway, http.MethodPost, exchange+"OpenConsumer", system, fmt.Sprintf(`{"consumer":"%s-%d"}`, leaktest.Canary, i), nil)
	}
	series := 0
	for _, url := range suite.Metrics {
		text := string(scrape(t, url))
		if strings.Contains(strings.ToLower(text), leaktest.Canary) || strings.Contains(text, leaktest.CanaryAddress) || strings.Contains(text, "127.0.0.1") {
			t.Errorf("%s tells what a caller wrote", url)
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, `koppi_mailbox_lag{`) && strings.Contains(line, `koppi_agency="kela"`) {
				series++
			}
		}
	}
	if series == 0 || series > 2*4 {
		t.Errorf("40 readers made %d series", series)
	}
	for _, d := range slices.Concat(suite.Gateways, suite.Services["concern"]) {
		d.End(syscall.SIGTERM)
	}
	closed(t, c)
}

// overGRPC calls with a name and metadata of the caller's own.
func overGRPC(t *testing.T, gateway, worker, system string) {
	t.Helper()
	conn := testkit.Must(grpc.NewClient(gateway, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUserAgent(leaktest.Canary), grpc.WithAuthority(leaktest.Canary+".example")))
	defer func() { _ = conn.Close() }()
	for _, token := range []string{worker, system, leaktest.Canary} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token, "tracestate", leaktest.Canary+"="+leaktest.Canary, "baggage", leaktest.Canary+"="+leaktest.Canary,
			"x-forwarded-for", leaktest.CanaryAddress, "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", leaktest.Canary, leaktest.Canary)
		_, _ = concernv1.NewConcernServiceClient(conn).GetConcern(ctx, &concernv1.GetConcernRequest{ConcernId: leaktest.Canary})
		_, _ = exchangev1.NewExchangeServiceClient(conn).ListMessages(ctx, &exchangev1.ListMessagesRequest{})
		_ = conn.Invoke(ctx, "/koppi.concern.v1.ConcernService/"+leaktest.Canary, &concernv1.GetConcernRequest{}, &concernv1.GetConcernResponse{})
		_ = conn.Invoke(ctx, "/"+leaktest.Canary+"/"+leaktest.Canary, &concernv1.GetConcernRequest{}, &concernv1.GetConcernResponse{})
	}
}

func scrape(t *testing.T, url string) []byte {
	t.Helper()
	r := testkit.Must(http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, url, nil))
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	answer := testkit.Must(http.DefaultClient.Do(r))
	defer func() { _ = answer.Body.Close() }()
	return testkit.Must(io.ReadAll(answer.Body))
}

// closed fails the test where something of a caller's came in, or an attribute that is not
// listed.
func closed(t *testing.T, c *telemetrytest.Collector) {
	t.Helper()
	received := c.Received()
	if len(received.Spans) == 0 {
		t.Fatal("no span came in")
	}
	for _, secret := range []string{leaktest.Canary, leaktest.CanaryAddress, "127.0.0.1"} {
		if bytes.Contains(bytes.ToLower(received.Raw), []byte(secret)) {
			t.Errorf("telemetry tells %q", secret)
		}
	}
	for _, one := range received.Spans {
		for _, attribute := range one.GetAttributes() {
			if !slices.Contains(exportedAttributes, attribute.GetKey()) {
				t.Errorf("%s of %s has %v", one.GetName(), one.Process, attribute)
			}
		}
		if one.GetTraceState() != "" || one.GetStatus().GetMessage() != strings.ToUpper(one.GetStatus().GetMessage()) {
			t.Errorf("%s of %s has the state %q, the status %q", one.GetName(), one.Process, one.GetTraceState(), one.GetStatus().GetMessage())
		}
	}
}
