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

// Calls makes spans of the calls of a connection.
func Calls() grpc.DialOption {
	if !started.Load() {
		return grpc.EmptyDialOption{}
	}
	return grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpc.WithFilter(worth)))
}

// Served makes spans of the calls that a server answers.
func Served() grpc.ServerOption {
	if !started.Load() {
		return grpc.EmptyServerOption{}
	}
	return grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithFilter(worth)))
}

// worth tells calls that are worth a span: not those that come every second, nor those of
// methods that there are not.
func worth(info *stats.RPCTagInfo) bool {
	return Known(info.FullMethodName) && !Ticks(info.FullMethodName)
}

// Ticks tells methods that are called all the time, whether anything happens or not.
func Ticks(path string) bool {
	return strings.HasPrefix(path, "/grpc.") || strings.HasPrefix(path, "/koppi.exchange.v1.HeadsService/") ||
		path == "/koppi.casework.v1.SuiteService/GetWaiting" || path == "/koppi.casework.v1.SuiteService/ListWithdrawals"
}

// Known tells whether a path such as "/koppi.concern.v1.ConcernService/GetConcern" is that
// of a method of the contract. Any other is what a caller has written: it may hold
// anything, and is named in no log, span or metric.
func Known(path string) bool {
	service, method, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return false
	}
	descriptor, ok := found.(protoreflect.ServiceDescriptor)
	return ok && descriptor.Methods().ByName(protoreflect.Name(method)) != nil
}

// Pages makes spans of the calls that come in over HTTP, and none of pages.
func Pages(handler http.Handler) http.Handler {
	if !started.Load() {
		return handler
	}
	return otelhttp.NewHandler(handler, "gateway",
		// Else it is what a caller says that it is called.
		otelhttp.WithServerName("gateway"),
		otelhttp.WithFilter(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/koppi.") && Known(r.URL.Path) }),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return strings.TrimPrefix(r.URL.Path, "/") }))
}
