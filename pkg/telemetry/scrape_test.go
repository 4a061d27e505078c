package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// exemplarForm matches an exemplar in OpenMetrics, whose labels have at most 128 characters.
var exemplarForm = regexp.MustCompile(`# \{(trace_id="[0-9a-f]{32}",span_id="[0-9a-f]{16}"|span_id="[0-9a-f]{16}",trace_id="[0-9a-f]{32}")\} `)

// With a collector and an address for Prometheus, exemplars name their trace and nothing else,
// however long the values that a caller chooses. Failures of telemetry are logged as JSON.
func TestExemplarsAndFailureLogs(t *testing.T) {
	var logged, bare bytes.Buffer
	log.SetOutput(&bare)
	t.Cleanup(func() { log.SetOutput(io.Discard) })
	var plain net.ListenConfig
	listener, err := plain.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	settings := Settings{OTLP: "http://127.0.0.1:1", Protocol: "http", Share: 1, Metrics: address}
	end, err := settings.Start(t.Context(), Process{Name: "test", Logger: slog.New(slog.NewJSONHandler(&logged, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, span := sdk.NewTracerProvider().Tracer("test").Start(t.Context(), "decide")
	took, err := otel.Meter("a library's").Float64Histogram("rpc.server.call.duration", metric.WithExplicitBucketBoundaries(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	var all []attribute.KeyValue
	for _, key := range chosen {
		all = append(all, key.String(hostile))
	}
	took.Record(ctx, 1, metric.WithAttributes(all...))
	span.End()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	examples := 0
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "trace_id") || strings.Contains(line, "# {") {
			examples++
			if !exemplarForm.MatchString(line) {
				t.Errorf("an exemplar is %s", line)
			}
		}
	}
	if examples == 0 {
		t.Error("there are no exemplars")
	}
	otel.Handle(errors.New("export failed"))
	_ = end(t.Context()) // there is no collector
	if bare.Len() > 0 {
		t.Errorf("written outside the log: %s", &bare)
	}
	var line struct{ Msg, Error string }
	if first, _, _ := bytes.Cut(logged.Bytes(), []byte("\n")); json.Unmarshal(first, &line) != nil || line.Msg != "telemetry failed" || line.Error != "export failed" {
		t.Errorf("the log is %s", &logged)
	}
}
