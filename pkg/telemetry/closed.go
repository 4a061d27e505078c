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

// What leaves this process of spans and metrics is a closed list: an attribute that is not
// in it is left out, whichever instrumentation made it and whatever a later version of one
// makes. No attribute of the list holds what a caller chose: no header, address, host, query
// or name of its own. The value too is held to its form, so that a known key cannot carry
// something else.

// form tells the values that an attribute may have.
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

// ours are the attributes of metrics, which are bounded: each has as many values as there
// are methods, codes, phases, urgencies, or agencies in the directory.
var ours = map[attribute.Key]form{
	semconv.RPCMethodKey: method, semconv.RPCServiceKey: method, semconv.RPCSystemKey: word, "rpc.system.name": word,
	semconv.RPCGRPCStatusCodeKey: number, "rpc.response.status_code": word, semconv.ErrorTypeKey: word,
	semconv.HTTPRouteKey: path, semconv.HTTPResponseStatusCodeKey: number,
	semconv.DBSystemNameKey: word, "db.system": word, semconv.DBOperationNameKey: word, semconv.DBClientConnectionStateKey: word,
	"state": word, "status": word, "type": word, "error_type": word, "pgx.operation.type": word,
	KeyService: agency, KeyPhase: word, KeyWaitingOn: agency, KeyUrgency: word, KeyAgency: agency, KeyReason: word, KeyReader: word,
}

// spansAlone are those that spans have besides.
var spansAlone = map[attribute.Key]form{
	semconv.HTTPRequestMethodKey: oneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "_OTHER"),
	semconv.URLPathKey:           path, semconv.NetworkProtocolVersionKey: oneOf("1.0", "1.1", "2", "3"),
	// The text of a statement is the program's; the values are not in it.
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

// methods are those of the contract and of gRPC's own services, by full name with and
// without the first slash, by service and by name.
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

// inMetric tells the attributes that a metric may have.
func inMetric(one attribute.KeyValue) bool {
	allows, known := ours[one.Key]
	return known && allows(one.Value)
}

// inSpan tells those that a span may have.
func inSpan(one attribute.KeyValue) bool {
	allows, known := spansAlone[one.Key]
	return inMetric(one) || known && allows(one.Value)
}

// closedSpan is a span of which nothing leaves but what is in the list.
type closedSpan struct{ sdk.ReadOnlySpan }

func (s closedSpan) Attributes() []attribute.KeyValue { return kept(s.ReadOnlySpan.Attributes()) }

// spanNames are the forms of the names that are made here and by instrumentations.
var spanNames = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,99}( [a-zA-Z0-9_.-]{1,99}){0,8}$`)

// Name of a method that there is not is what a caller wrote.
func (s closedSpan) Name() string {
	if name := s.ReadOnlySpan.Name(); Known(name) || spanNames.MatchString(name) {
		return name
	}
	return "other"
}

// SpanContext and Parent are without the state that callers send with a trace.
func (s closedSpan) SpanContext() trace.SpanContext { return stateless(s.ReadOnlySpan.SpanContext()) }

// Parent is likewise.
func (s closedSpan) Parent() trace.SpanContext { return stateless(s.ReadOnlySpan.Parent()) }

// Links lead to other spans and say nothing of them.
func (s closedSpan) Links() []sdk.Link {
	links := make([]sdk.Link, 0, len(s.ReadOnlySpan.Links()))
	for _, link := range s.ReadOnlySpan.Links() {
		links = append(links, sdk.Link{SpanContext: stateless(link.SpanContext)})
	}
	return links
}

// Events that are not our own are left out: those of errors hold their texts.
func (s closedSpan) Events() []sdk.Event {
	var events []sdk.Event
	for _, event := range s.ReadOnlySpan.Events() {
		if event.Name == EventNotify {
			events = append(events, sdk.Event{Name: event.Name, Time: event.Time, Attributes: kept(event.Attributes)})
		}
	}
	return events
}

// Status says in words no more than a reason of the closed list does.
func (s closedSpan) Status() sdk.Status {
	status := s.ReadOnlySpan.Status()
	if status.Code != codes.Error || !reasons.MatchString(status.Description) {
		status.Description = ""
	}
	return status
}

// reasons is the form of a refusal's reason and of a command's outcome.
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

// closedExporter sends spans on as the list has them.
type closedExporter struct{ sdk.SpanExporter }

func (e closedExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	few := make([]sdk.ReadOnlySpan, 0, len(spans))
	for _, span := range spans {
		few = append(few, closedSpan{span})
	}
	return e.SpanExporter.ExportSpans(ctx, few)
}

// closedEnds gives spans that have ended on as the list has them.
type closedEnds struct{ sdk.SpanProcessor }

func (e closedEnds) OnEnd(span sdk.ReadOnlySpan) { e.SpanProcessor.OnEnd(closedSpan{span}) }
