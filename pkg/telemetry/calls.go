package telemetry

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
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

// worth tells calls that are worth a span: not those that come every second.
func worth(info *stats.RPCTagInfo) bool {
	return !strings.HasPrefix(info.FullMethodName, "/grpc.") && !strings.HasPrefix(info.FullMethodName, "/koppi.exchange.v1.HeadsService/") &&
		info.FullMethodName != "/koppi.casework.v1.SuiteService/GetWaiting"
}

// Pages makes spans of the calls that come in over HTTP, and none of pages.
func Pages(handler http.Handler) http.Handler {
	if !started.Load() {
		return handler
	}
	return otelhttp.NewHandler(handler, "gateway",
		otelhttp.WithFilter(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/koppi.") }),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return strings.TrimPrefix(r.URL.Path, "/") }))
}
