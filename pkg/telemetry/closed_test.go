package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"

	_ "koppi.internal/proto/gen/koppi/concern/v1"
)

const hostile = "010594Y9032 kanarialintu"

// chosen are the attribute keys with values that a caller chooses, which instrumentations record
// now or may record in a later version.
var chosen = []attribute.Key{
	semconv.UserAgentOriginalKey, semconv.ClientAddressKey, semconv.NetworkPeerAddressKey, semconv.ServerAddressKey, semconv.URLFullKey,
	semconv.URLQueryKey, semconv.URLPathKey, semconv.HTTPRouteKey, semconv.HTTPRequestMethodOriginalKey, semconv.RPCMethodKey, semconv.RPCServiceKey,
	semconv.DBCollectionNameKey, semconv.MessagingMessageIDKey, semconv.MessagingDestinationNameKey, semconv.NetworkProtocolVersionKey, semconv.ErrorTypeKey,
	"http.request.header.authorization", "rpc.request.metadata.x", "baggage", "koppi.consumer", "koppi.subject", "koppi.agency", "koppi.ground", "koppi.reviewed", "koppi.event", "koppi.outcome", "pgx.query.parameters",
}

// No attribute outside the closed list is exported in any part of a span.
func TestSpanAttributesClosed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		out := tracetest.NewInMemoryExporter()
		recent := NewRecent()
		provider := sdk.NewTracerProvider(sdk.WithSyncer(closedExporter{out}), sdk.WithSpanProcessor(closedEnds{recent}))
		keys := append([]attribute.Key{attribute.Key(rapid.StringMatching(`[a-z]{1,8}(\.[a-z_]{1,12}){0,2}`).Draw(t, "key"))}, chosen...)
		var all []attribute.KeyValue
		for _, key := range keys {
			all = append(all, key.String(hostile))
		}
		state, err := trace.ParseTraceState("canary=kanarialintu")
		if err != nil {
			t.Fatal(err)
		}
		from := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: 1, TraceState: state, Remote: true})
		_, span := provider.Tracer("test").Start(trace.ContextWithRemoteSpanContext(context.Background(), from), "GET /"+hostile,
			trace.WithAttributes(all...), trace.WithLinks(trace.Link{SpanContext: from, Attributes: all}))
		span.AddEvent(hostile, trace.WithAttributes(all...))
		span.AddEvent(EventNotify, trace.WithAttributes(all...))
		span.RecordError(errors.New(hostile))
		span.SetStatus(codes.Error, hostile)
		span.SetAttributes(KeyService.String("concern"))
		span.End()
		for _, one := range out.GetSpans() {
			if text := fmt.Sprintf("%+v", one); strings.Contains(text, "kanarialintu") || strings.Contains(text, "010594") || len(one.Attributes) != 1 || len(one.Events) != 1 {
				t.Fatalf("a span contains %s", text)
			}
		}
		for _, one := range recent.spans {
			if text := fmt.Sprint(one.Name(), one.Attributes(), one.Events(), one.Links(), one.Status(), one.SpanContext().TraceState(), one.Parent().TraceState()); strings.Contains(text, "kanarialintu") {
				t.Fatalf("a recent span contains %s", text)
			}
		}
		if len(out.GetSpans()) != 1 || len(recent.spans) != 1 {
			t.Fatal("no span left")
		}
	})
}

// No attribute outside the closed list is a label or part of an exemplar: a thousand values that
// callers choose make one series.
func TestMetricAttributesClosed(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(append(views(), sdkmetric.WithReader(reader))...)
	traces := sdk.NewTracerProvider()
	ctx, span := traces.Tracer("test").Start(t.Context(), "decide")
	defer span.End()
	meter := provider.Meter("a library's")
	counter, _ := meter.Int64Counter("koppi.refusals")
	took, _ := meter.Float64Histogram("rpc.server.call.duration", metric.WithExplicitBucketBoundaries(1, 2))
	for i := range 1000 {
		var all []attribute.KeyValue
		for _, key := range chosen {
			all = append(all, key.String(fmt.Sprint(hostile, " ", i)))
		}
		all = append(all, semconv.RPCMethod("koppi.concern.v1.ConcernService/GetConcern"))
		counter.Add(ctx, 1, metric.WithAttributes(all...))
		took.Record(ctx, float64(i%3), metric.WithAttributes(all...))
	}
	var read metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &read); err != nil {
		t.Fatal(err)
	}
	text, series, examples := fmt.Sprintf("%+v", read), 0, 0
	for _, scope := range read.ScopeMetrics {
		for _, one := range scope.Metrics {
			switch data := one.Data.(type) {
			case metricdata.Sum[int64]:
				series += len(data.DataPoints)
			case metricdata.Histogram[float64]:
				series += len(data.DataPoints)
				examples += len(data.DataPoints[0].Exemplars)
				if len(data.DataPoints[0].Bounds) != 2 {
					t.Errorf("the bucket boundaries are %v", data.DataPoints[0].Bounds)
				}
			}
		}
	}
	if series != 2 || examples == 0 || !strings.Contains(text, "GetConcern") {
		t.Errorf("%d series, %d exemplars: %s", series, examples, text)
	}
	if strings.Contains(text, "kanarialintu") || strings.Contains(text, "010594") {
		t.Errorf("a metric contains %s", text)
	}
}

// A library's log lines about connections contain no client addresses.
func TestAddressesRemovedFromLogs(t *testing.T) {
	var out bytes.Buffer
	logger := slog.NewLogLogger(Unaddressed(slog.NewJSONHandler(&out, nil)), slog.LevelWarn)
	for _, one := range []string{"192.0.2.7:51234", "[2001:db8::7]:443", "[fe80::1%eth0]:80", "192.0.2.7"} {
		logger.Printf("http: TLS handshake error from %s: EOF", one)
	}
	if text := out.String(); strings.Contains(text, "192.0") || strings.Contains(text, "db8") || strings.Contains(text, "fe80") || strings.Count(text, "handshake error from a client: EOF\"") != 4 {
		t.Error(text)
	}
}

// The trace that a reader gets depends only on the message, not on the trace of its command
// (sampled, not sampled or missing) or of its reader. Two messages, and the same message in two
// mailboxes, share no ids. Messages of one matter have the same sampled flag.
func TestDeliveredTraceDependsOnMessageOnly(t *testing.T) {
	before := delivering.Load()
	t.Cleanup(func() { delivering.Store(before) })
	traceparent := rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203331-01"}).Draw(t, "command's")
	})
	rapid.Check(t, func(t *rapid.T) {
		share := sdk.TraceIDRatioBased(rapid.SampledFrom([]float64{0, .5, 1}).Draw(t, "share"))
		delivering.Store(&share)
		one := Delivery{rapid.SampledFrom([]string{"kela", "hva"}).Draw(t, "mailbox"), rapid.StringN(1, 9, -1).Draw(t, "subject"), rapid.StringN(1, 9, -1).Draw(t, "id")}
		ctx := trace.ContextWithSpanContext(context.Background(), spanOf(traceparent.Draw(t, "reader's")))
		a, b := one.Delivered(ctx, "deliver", traceparent.Draw(t, "a")), one.Delivered(context.Background(), "deliver", traceparent.Draw(t, "b"))
		if a != b || !spanOf(a).IsValid() {
			t.Fatalf("%+v has the traces %q and %q", one, a, b)
		}
		for _, other := range []Delivery{{"another", one.Subject, one.ID}, {one.Mailbox, "another matter", one.ID}, {one.Mailbox, one.Subject, "another one"}} {
			c := other.Delivered(ctx, "deliver", traceparent.Draw(t, "c"))
			if spanOf(a).TraceID() == spanOf(c).TraceID() || spanOf(a).SpanID() == spanOf(c).SpanID() {
				t.Fatalf("%+v and %+v share %q and %q", one, other, a, c)
			}
			if other.Mailbox == one.Mailbox && other.Subject == one.Subject && spanOf(a).IsSampled() != spanOf(c).IsSampled() {
				t.Fatalf("messages of one matter differ: %q and %q", a, c)
			}
		}
	})
	delivering.Store(nil)
	if text := (Delivery{"kela", "concerns/x", "y"}).Delivered(t.Context(), "deliver", "00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203331-01"); text != "" {
		t.Errorf("without traces it is %q", text)
	}
}

// A delivery whose trace is sampled is kept under the ids that its reader gets. A delivery of a
// command whose trace was kept is kept too, which its reader cannot see.
func TestDeliverySampling(t *testing.T) {
	for name, want := range map[string]struct {
		share   float64
		command string
		kept    bool
	}{
		"sampled":         {1, "", true},
		"linked":          {0, "00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203331-01", true},
		"neither":         {0, "00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203331-00", false},
		"nothing to link": {0, "", false},
	} {
		out := tracetest.NewSpanRecorder()
		provider := sdk.NewTracerProvider(sdk.WithSampler(sampler(want.share)), sdk.WithIDGenerator(ids{}), sdk.WithSpanProcessor(out))
		share := sdk.TraceIDRatioBased(want.share)
		at := Delivery{"kela", "concerns/x", "y"}.context(share)
		_, span := provider.Tracer("test").Start(context.WithValue(t.Context(), assignedKey{}, at), "deliver kela", trace.WithNewRoot(), trace.WithLinks(linksTo([]string{want.command})...))
		span.End()
		if ended := out.Ended(); len(ended) == 1 != want.kept || want.kept && (ended[0].SpanContext().TraceID() != at.TraceID() || ended[0].SpanContext().SpanID() != at.SpanID()) {
			t.Errorf("%s: %v", name, ended)
		}
	}
}
