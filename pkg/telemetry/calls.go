package telemetry

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Calls returns a dial option that makes spans of the calls of a connection.
func Calls() grpc.DialOption {
	if !started.Load() {
		return grpc.EmptyDialOption{}
	}
	return grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpc.WithFilter(worth)))
}

// Served returns a server option that makes spans of the calls that a server handles.
func Served() grpc.ServerOption {
	if !started.Load() {
		return grpc.EmptyServerOption{}
	}
	return grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithFilter(worth)))
}

// worth reports whether a call gets a span. Calls that recur all the time and calls of methods that do not
// exist get none.
func worth(info *stats.RPCTagInfo) bool {
	return Known(info.FullMethodName) && !Ticks(info.FullMethodName)
}

// Ticks reports whether a method is called all the time, whether anything happens or not.
func Ticks(path string) bool {
	return strings.HasPrefix(path, "/grpc.") || strings.HasPrefix(path, "/koppi.exchange.v1.HeadsService/") ||
		path == "/koppi.casework.v1.SuiteService/GetWaiting" || path == "/koppi.casework.v1.SuiteService/ListWithdrawals"
}

// Known reports whether a path such as "/koppi.concern.v1.ConcernService/GetConcern" is that of a method of
// the contract. A caller chose any other path, and it may contain anything; therefore it appears in no log,
// span or metric.
func Known(path string) bool {
	service, method, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return false
	}
	descriptor, ok := found.(protoreflect.ServiceDescriptor)
	return ok && descriptor.Methods().ByName(protoreflect.Name(method)) != nil
}

// Pages wraps a handler so that calls over HTTP get spans, but web pages do not.
func Pages(handler http.Handler) http.Handler {
	if !started.Load() {
		return handler
	}
	return otelhttp.NewHandler(handler, "gateway",
		// Otherwise the server name would be the Host header, which the caller chooses.
		otelhttp.WithServerName("gateway"),
		otelhttp.WithFilter(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/koppi.") && Known(r.URL.Path) }),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return strings.TrimPrefix(r.URL.Path, "/") }))
}
