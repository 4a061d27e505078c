// Package serve contains what all server processes share: a gRPC server with the standard interceptors,
// listeners, and graceful shutdown.
package serve

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"buf.build/go/protovalidate"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/telemetry"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	// MaxMessage is the largest message, in bytes.
	MaxMessage = 4 << 20
	// unaryTimeout is the timeout of a call without a deadline, and longest that of a call with a distant
	// deadline.
	unaryTimeout = 30 * time.Second
	longest      = 2 * time.Minute
	// streamWindow and connWindow are the most bytes that were received and not yet read, for each stream and
	// each connection.
	streamWindow = 256 << 10
	connWindow   = 16 << 20
	// maxStreams is the most calls and streams of one connection. A gateway's connection carries those of all
	// agencies.
	maxStreams = 20_000
	// callWorkers is how many goroutines serve one call after the other. A goroutine of its own for each call
	// would grow its stack anew each time. Calls beyond these, such as standing streams, get one of their own.
	callWorkers = 64
	// pingEvery is how long a connection may be idle before the server pings it, and pingTime the timeout of
	// the ping.
	pingEvery = time.Minute
	pingTime  = 20 * time.Second
	// connectionAge is when a connection is closed, so that callers spread over the replicas again. Streams
	// on it end by themselves within the grace period.
	connectionAge   = time.Hour
	connectionGrace = writeTimeout
)

var refusals = telemetry.Counter("koppi.refusals", "{call}", "Calls that were refused, by reason.")

// Config configures a gRPC server. Logger, Validator and Public are required.
type Config struct {
	Logger *slog.Logger
	// Verifier of callers' tokens; nil if the services behind this server have one.
	Verifier  *identity.Verifier
	Validator protovalidate.Validator
	// Limiter applies rate limits to callers; nil for none.
	Limiter *limit.Limiter
	// Public reports whether a method, other than health checks, needs no token.
	Public func(method string) bool
	// Suite reports whether a method is internal, open only to the suite's own processes; nil if there are
	// none.
	Suite func(method string) bool
	// Mutual says that callers have authenticated as processes of the suite by certificate.
	Mutual bool
	// Now returns the domain's time, against which the times of requests are checked; nil if it is not known.
	Now func() time.Time
	// Codes are the lists of which fields of requests hold keys; nil if no request has such a field: any key is
	// refused.
	Codes *codelist.Codes
	// Reflection lets anybody read the contract by server reflection, for trials only.
	Reflection bool
}

// Server is a gRPC server with the health service.
type Server struct {
	*grpc.Server
	Health *health.Server

	// intercept and handlers serve streams without a connection: see Local.
	intercept grpc.StreamServerInterceptor
	handlers  map[string]handler
}

// NewGRPC returns a server. It checks the token first, then the form of the request, and then makes the
// service's own checks.
func NewGRPC(config Config) *Server {
	open := identity.Admission{
		Public: func(method string) bool { return isGRPC(method) || config.Public(method) },
		Suite:  func(method string) bool { return config.Suite != nil && config.Suite(method) },
		Mutual: config.Mutual,
	}
	unary, limitUnary := anybody, anybody
	if config.Verifier != nil {
		unary = config.Verifier.Unary(open)
	}
	checks := &checks{validator: config.Validator, now: config.Now, codes: config.Codes}
	if config.Limiter != nil {
		limitUnary = config.Limiter.Unary()
	}
	stream := (&streams{config: config, open: open, unknown: NewUnknown(), checks: checks}).intercept
	server := grpc.NewServer(
		telemetry.Served(),
		grpc.MaxRecvMsgSize(MaxMessage), grpc.MaxSendMsgSize(2*MaxMessage),
		grpc.MaxHeaderListSize(maxHeaderBytes), grpc.MaxConcurrentStreams(maxStreams),
		// The most bytes that may wait unread here, whatever the network could carry.
		grpc.StaticStreamWindowSize(streamWindow), grpc.StaticConnWindowSize(connWindow),
		grpc.ForceServerCodecV2(tolerant()), grpc.NumStreamWorkers(callWorkers),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time: pingEvery, Timeout: pingTime, MaxConnectionAge: connectionAge, MaxConnectionAgeGrace: connectionGrace,
		}),
		grpc.ConnectionTimeout(10*time.Second),
		grpc.ChainUnaryInterceptor(
			recovery.UnaryServerInterceptor(recovers(config.Logger)), observeUnary(config.Logger), timeLimit, unary, limitUnary, checks.unary,
		),
		grpc.StreamInterceptor(stream),
		grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
			return fault.New(fault.NotServed, "there is no such method here")
		}),
	)
	s := &Server{Server: server, Health: health.NewServer(), intercept: stream, handlers: map[string]handler{}}
	healthv1.RegisterHealthServer(server, s.Health)
	if config.Reflection {
		reflection.Register(server)
	}
	return s
}

// anybody is an interceptor that lets every caller through.
func anybody(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	return handle(ctx, request)
}

// recovers answers a call whose handler panicked, and logs where. The panic's value may hold what a caller sent,
// so it reaches neither the caller nor the log.
func recovers(logger *slog.Logger) recovery.Option {
	return recovery.WithRecoveryHandlerContext(func(ctx context.Context, _ any) error {
		method, _ := grpc.Method(ctx)
		logger.ErrorContext(ctx, "panic", slog.String("method", named(method)), slog.String("stack", string(debug.Stack())))
		return fault.New(fault.Internal, "something went wrong here")
	})
}

// observeUnary logs the outcome of a call but not its content. Errors pass fault.Scrub, so that only refusals
// with a reason of the list, and the caller's own cancellation or deadline, leave the process unchanged.
func observeUnary(logger *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		began := time.Now()
		response, err := handle(ctx, request)
		if err = ended(ctx, logger, info.FullMethod, began, err); err != nil {
			return nil, err
		}
		return response, nil
	}
}

func ended(ctx context.Context, logger *slog.Logger, method string, began time.Time, err error) error {
	method = named(method)
	scrubbed := fault.Scrub(err)
	attributes := []any{
		slog.String("method", method), slog.String("code", status.Code(scrubbed).String()),
		slog.Duration("took", time.Since(began)),
	}
	reason := fault.ReasonOf(scrubbed)
	if reason != "" {
		refusals.Add(ctx, 1, metric.WithAttributes(telemetry.KeyReason.String(string(reason))))
		attributes = append(attributes, slog.String("reason", string(reason)))
	}
	if reason == fault.Internal || reason == fault.Unavailable {
		// The cause is from our code and contains nothing that was sent.
		logger.ErrorContext(ctx, "call", append(attributes, slog.String("cause", causeOf(err)))...)
	} else if err != nil || !telemetry.Ticks(method) && !reading(method) {
		logger.InfoContext(ctx, "call", attributes...)
	}
	return scrubbed
}

// reading reports whether a method is one that standing readers call repeatedly. Such calls are not logged:
// the opening is, and the journal has the access log.
func reading(method string) bool {
	return method == exchangev1.ExchangeService_ListMessages_FullMethodName || method == exchangev1.ExchangeService_AcknowledgeMessages_FullMethodName
}

// named returns a method as logs and metrics name it. A method that does not exist gets a fixed name, because
// the caller chose its text.
func named(method string) string {
	if telemetry.Known(method) {
		return method
	}
	return "unknown"
}

func causeOf(err error) string {
	var refusal *fault.Error
	if errors.As(err, &refusal) && errors.Unwrap(err) == nil && err.Error() == refusal.Error() {
		return ""
	}
	return err.Error()
}

// timeLimit sets a deadline for calls that have none or a distant one.
func timeLimit(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	ctx, cancel := Bounded(ctx)
	defer cancel()
	return handle(ctx, request)
}

// Bounded returns the context of a unary call. It ends at the caller's deadline, but after 2 min at the
// latest, or after 30 s if there is no deadline.
func Bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	most := unaryTimeout
	if _, named := ctx.Deadline(); named {
		most = longest
	}
	return context.WithTimeout(ctx, most)
}
