// Package gateway is Koppi's single public address. It accepts Connect (JSON and binary), gRPC-Web
// and gRPC, forwards calls to the services by gRPC, and serves the pages and the kits. It decides nothing about
// matters; it holds the explicit list of services that may be called from outside.
package gateway

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect/v2"
	"google.golang.org/grpc"

	"koppi.internal/gateway/docs"
	"koppi.internal/gateway/kits"
	"koppi.internal/gateway/session"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/telemetry"
)

// Config configures a gateway. Services, Pages and Logger are required.
type Config struct {
	// Services maps the full name of each exposed gRPC service to its connection.
	Services map[string]grpc.ClientConnInterface
	// LocalOnly names the services that answer only where the Host header is a loopback address: a
	// page of another site must not reach them through a user's browser.
	LocalOnly []string
	// Pages serves all GET and HEAD requests that are not calls.
	Pages http.Handler
	// Sessions are the sign-in sessions of the pages; nil disables them.
	Sessions *session.Sessions
	// Origins are those of other sites whose pages may call; none by default.
	Origins []string
	Logger  *slog.Logger
	// Reflection lets any caller read the contract, which is published, by gRPC reflection. It is
	// for trial installations only.
	Reflection bool
	// ReadTimeout is the read deadline of a request's message; the answer may take six times as long.
	// Neither limit applies to a direction that streams. Zero means 30 s. An upload may take longer
	// in all, but must not stall for that long.
	ReadTimeout time.Duration
}

// compressFrom is the size in bytes from which answers are compressed. Most case messages are
// smaller; for them, compression takes more time than the shorter transfer saves.
const compressFrom = 4 << 10

// New makes the gateway's handler. It fails if a service of the configuration has no registered
// descriptor.
func New(config Config) (http.Handler, error) {
	server := connect.NewServer()
	for _, service := range slices.Sorted(maps.Keys(config.Services)) {
		if err := register(server, service, config.Services[service]); err != nil {
			return nil, err
		}
	}
	server.SetUnknownHandler(func(context.Context, connect.Spec, connect.ServerStream) error {
		return fromStatus(fault.New(fault.NotServed, "there is no such method here"))
	})
	names := slices.Sorted(maps.Keys(config.Services))
	if config.Reflection {
		grpcreflect.Register(server, grpcreflect.WithNamer(grpcreflect.NamerFunc(func() []string { return names })))
	}

	mux := http.NewServeMux()
	options := []connecthttp.Option{
		connecthttp.WithCodecs(connectproto.NewBinaryCodec(), strictJSON()),
		connecthttp.WithReadMaxBytes(serve.MaxMessage), connecthttp.WithSendMaxBytes(2 * serve.MaxMessage),
		connecthttp.WithCompressMinBytes(compressFrom),
	}
	connecthttp.Mount(mux, server, options...)
	mux.Handle(grpchealth.NewHandler(grpchealth.NewStaticChecker(names...)))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	documentation := docs.Handler()
	mux.Handle("GET "+docs.Path, documentation)
	mux.Handle("GET "+docs.Path+"/", documentation)
	mux.Handle("GET "+kits.Path, kits.Handler())
	mux.Handle("/", pagesOrRefusal(config.Pages, options))

	var handler http.Handler = mux
	for _, service := range config.LocalOnly {
		handler = localOnly(fmt.Sprintf("/%s/", service), handler)
	}
	streams, err := streamsOf(names)
	if err != nil {
		return nil, err
	}
	handler = serve.NewUnknown().Handler(handler, func(err error) http.Handler { return refusal(err, options) })
	handler = deadlines(cmp.Or(config.ReadTimeout, readTimeout), streams, handler)
	return telemetry.Pages(recovers(config.Logger, secure(crossOrigin(config.Origins, byCertificate(bySession(config.Sessions, options, handler)))))), nil
}
