package telemetry

import (
	"context"
	"regexp"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Spans and metrics that leave this process contain only the attributes of a closed list. Any other attribute
// is removed, whichever instrumentation made it, including attributes that a later version adds. No attribute
// of the list holds anything that a caller chose: no header, address, host, query or name of its own. The
// form of each value is checked too, so that a listed key cannot carry other content.

// form reports whether an attribute may have a value.
type form func(attribute.Value) bool

var (
	word      = matching(`^[A-Za-z0-9_.*-]{1,64}$`)
	agency    = matching(`^[a-z0-9-]{0,63}$`)
	subject   = matching(`^[a-z]{1,32}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	uuid      = matching(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	method    = func(v attribute.Value) bool { return v.Type() == attribute.STRING && methods()[v.AsString()] }
	path      = func(v attribute.Value) bool { return v.Type() == attribute.STRING && Known(v.AsString()) }
	number    = func(v attribute.Value) bool { return v.Type() == attribute.INT64 }
	flag      = func(v attribute.Value) bool { return v.Type() == attribute.BOOL }
	anything  = func(v attribute.Value) bool { return v.Type() == attribute.STRING }
	eventName = matching(`^koppi\.[a-z]+\.v1\.[A-Za-z]+$`)
)

// ours are the attributes of metrics. Each has a bounded number of values: as many as there are methods,
// codes, phases, urgencies, agencies in the directory, or rows in the table of grounds.
var ours = map[attribute.Key]form{
	semconv.RPCMethodKey: method, semconv.RPCServiceKey: method, semconv.RPCSystemKey: word, "rpc.system.name": word,
	semconv.RPCGRPCStatusCodeKey: number, "rpc.response.status_code": word, semconv.ErrorTypeKey: word,
	semconv.HTTPRouteKey: path, semconv.HTTPResponseStatusCodeKey: number,
	semconv.DBSystemNameKey: word, "db.system": word, semconv.DBOperationNameKey: word, semconv.DBClientConnectionStateKey: word,
	"state": word, "status": word, "type": word, "error_type": word, "pgx.operation.type": word,
	KeyService: agency, KeyPhase: word, KeyWaitingOn: agency, KeyUrgency: word, KeyAgency: agency, KeyReason: word, KeyReader: word,
	KeyGround: agency, KeyReviewed: flag,
}

// spansAlone are the attributes that only spans may have.
var spansAlone = map[attribute.Key]form{
	semconv.HTTPRequestMethodKey: oneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "_OTHER"),
	semconv.URLPathKey:           path, semconv.NetworkProtocolVersionKey: oneOf("1.0", "1.1", "2", "3"),
	// The text of a statement comes from the program and does not contain the values.
	semconv.DBQueryTextKey: anything, semconv.DBCollectionNameKey: word, semconv.DBOperationBatchSizeKey: number, "db.redis.num_cmd": number,
	"pgx.rows_affected": number, "pgx.sql_state": word, "pgx.prepare_stmt.name": word,
	semconv.MessagingSystemKey: word, semconv.MessagingOperationNameKey: word, semconv.MessagingOperationTypeKey: word,
	semconv.MessagingDestinationNameKey: agency, semconv.MessagingMessageIDKey: uuid, semconv.MessagingBatchMessageCountKey: number,
	KeySubject: subject, KeyOutcome: word, keyBroken: flag,
	KeyEvent: func(v attribute.Value) bool {
		for _, one := range v.AsStringSlice() {
			if !eventName(attribute.StringValue(one)) {
				return false
			}
		}
		return v.Type() == attribute.STRINGSLICE
	},
}

func matching(pattern string) form {
	compiled := regexp.MustCompile(pattern)
	return func(v attribute.Value) bool {
		return v.Type() == attribute.STRING && compiled.MatchString(v.AsString())
	}
}

func oneOf(values ...string) form {
	return func(v attribute.Value) bool {
		for _, one := range values {
			if v.Type() == attribute.STRING && v.AsString() == one {
				return true
			}
		}
		return false
	}
}

// methods are the methods of the contract and of gRPC's own services: by full name with and without the first
// slash, by service, and by name.
var methods = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			all[string(service.FullName())] = true
			for j := range service.Methods().Len() {
				name := string(service.Methods().Get(j).Name())
				all[name], all[string(service.FullName())+"/"+name], all["/"+string(service.FullName())+"/"+name] = true, true, true
			}
		}
		return true
	})
	return all
})

// inMetric reports whether a metric may have the attribute.
func inMetric(one attribute.KeyValue) bool {
	allows, known := ours[one.Key]
	return known && allows(one.Value)
}

// inSpan reports whether a span may have the attribute.
func inSpan(one attribute.KeyValue) bool {
	allows, known := spansAlone[one.Key]
	return inMetric(one) || known && allows(one.Value)
}

// closedSpan is a span from which only attributes and names in the list are exported.
type closedSpan struct{ sdk.ReadOnlySpan }

func (s closedSpan) Attributes() []attribute.KeyValue { return kept(s.ReadOnlySpan.Attributes()) }

// spanNames is the form of the span names that this program and instrumentations make.
var spanNames = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,99}( [a-zA-Z0-9_.-]{1,99}){0,8}$`)

// Name returns the name of the span. The name of a method that does not exist is replaced, because the caller
// chose its text.
func (s closedSpan) Name() string {
	if name := s.ReadOnlySpan.Name(); Known(name) || spanNames.MatchString(name) {
		return name
	}
	return "other"
}

// SpanContext returns the span context without the trace state, which the caller sends.
func (s closedSpan) SpanContext() trace.SpanContext { return stateless(s.ReadOnlySpan.SpanContext()) }

// Parent returns the parent's span context without the trace state.
func (s closedSpan) Parent() trace.SpanContext { return stateless(s.ReadOnlySpan.Parent()) }

// Links returns the links without their attributes.
func (s closedSpan) Links() []sdk.Link {
	links := make([]sdk.Link, 0, len(s.ReadOnlySpan.Links()))
	for _, link := range s.ReadOnlySpan.Links() {
		links = append(links, sdk.Link{SpanContext: stateless(link.SpanContext)})
	}
	return links
}

// Events returns only Koppi's own events: the events that record errors contain their texts.
func (s closedSpan) Events() []sdk.Event {
	var events []sdk.Event
	for _, event := range s.ReadOnlySpan.Events() {
		if event.Name == EventNotify {
			events = append(events, sdk.Event{Name: event.Name, Time: event.Time, Attributes: kept(event.Attributes)})
		}
	}
	return events
}

// Status returns the status; its text is at most a reason of the closed list.
func (s closedSpan) Status() sdk.Status {
	status := s.ReadOnlySpan.Status()
	if status.Code != codes.Error || !reasons.MatchString(status.Description) {
		status.Description = ""
	}
	return status
}

// reasons is the form of the reason of a refusal and of the outcome of a command.
var reasons = regexp.MustCompile(`^([A-Z][A-Z_]{1,63}|[a-z]{1,16})$`)

func kept(all []attribute.KeyValue) []attribute.KeyValue {
	few := make([]attribute.KeyValue, 0, len(all))
	for _, one := range all {
		if inSpan(one) {
			few = append(few, one)
		}
	}
	return few
}

func stateless(at trace.SpanContext) trace.SpanContext { return at.WithTraceState(trace.TraceState{}) }

// closedExporter exports spans as closedSpan.
type closedExporter struct{ sdk.SpanExporter }

func (e closedExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	few := make([]sdk.ReadOnlySpan, 0, len(spans))
	for _, span := range spans {
		few = append(few, closedSpan{span})
	}
	return e.SpanExporter.ExportSpans(ctx, few)
}

// closedEnds passes ended spans on as closedSpan.
type closedEnds struct{ sdk.SpanProcessor }

func (e closedEnds) OnEnd(span sdk.ReadOnlySpan) { e.SpanProcessor.OnEnd(closedSpan{span}) }
