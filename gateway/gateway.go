// Package gateway is Koppi's one address: Connect (JSON and binary), gRPC-Web and
// gRPC in, gRPC out to the services, and the pages. It decides nothing; it holds
// the explicit list of what may be called from outside.
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
	"github.com/rs/cors"
	"google.golang.org/grpc"

	"koppi.internal/gateway/session"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/telemetry"
)

// Config is what a gateway forwards. Services, Pages and Logger are required.
type Config struct {
	// Services maps the full name of each service served to its connection.
	Services map[string]grpc.ClientConnInterface
	// LocalOnly names services that answer only to a loopback Host: a page of
	// another site must not reach them through somebody's browser.
	LocalOnly []string
	// Pages serves everything that is no call.
	Pages http.Handler
	// Sessions of the pages; nil for none.
	Sessions *session.Sessions
	// Origins of other sites whose pages may call; none by default.
	Origins []string
	Logger  *slog.Logger
	// Reflection lets anybody ask for the contract, which is published: for trials alone.
	Reflection bool
	// Patience is how long a request's message may take to come, and six times that its
	// answer, where neither is a stream; 30 s where it is zero. An upload may take longer, but
	// not stand still for so long.
	Patience time.Duration
}

// compressFrom is the size from which an answer is compressed: below it, as most case
// messages are, that costs more than the line saves.
const compressFrom = 4 << 10

// New makes the gateway's handler.
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
	mux.Handle("/", rest(config.Pages, options))

	var handler http.Handler = mux
	for _, service := range config.LocalOnly {
		handler = localOnly(fmt.Sprintf("/%s/", service), handler)
	}
	streams, err := streamsOf(names)
	if err != nil {
		return nil, err
	}
	handler = serve.NewUnknown().Handler(handler, func(err error) http.Handler { return refusal(err, options) })
	handler = readDeadline(cmp.Or(config.Patience, patience), streams, handler)
	return telemetry.Pages(contained(config.Logger, secure(crossOrigin(config.Origins, certified(signedIn(config.Sessions, options, handler)))))), nil
}

func crossOrigin(origins []string, handler http.Handler) http.Handler {
	if len(origins) == 0 {
		return handler
	}
	return cors.New(cors.Options{
		AllowedOrigins: origins, AllowedMethods: []string{http.MethodPost},
		AllowedHeaders: []string{
			"Authorization", "Content-Type", "Connect-Protocol-Version", "Connect-Timeout-Ms", "Grpc-Timeout",
			"X-Grpc-Web", "X-User-Agent", "Traceparent", "Koppi-On-Behalf-Of",
		},
		ExposedHeaders: []string{"Grpc-Status", "Grpc-Message", "Grpc-Status-Details-Bin", retryAfterHeader},
		MaxAge:         7200,
	}).Handler(handler)
}
