// Package serve holds what every process needs once: a gRPC server with the
// house's interceptors, listeners, and a graceful end.
package serve

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"buf.build/go/protovalidate"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/telemetry"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	// MaxMessage is the most bytes of one message.
	MaxMessage = 4 << 20
	// unaryTimeout bounds a call that names no deadline of its own, and longest one that
	// names a far one.
	unaryTimeout = 30 * time.Second
	longest      = 2 * time.Minute
	// streamWindow and connWindow bound what came in and was not yet read.
	streamWindow = 256 << 10
	connWindow   = 16 << 20
	// maxStreams is how many calls and streams one connection carries: a gateway's
	// carries those of all agencies.
	maxStreams = 20_000
	// pingEvery is how often a quiet connection is asked whether it still is one, and
	// pingTime how long for an answer.
	pingEvery = time.Minute
	pingTime  = 20 * time.Second
	// connectionAge spreads callers over replicas anew; streams that stand on a
	// connection that is old end by themselves until the grace is over.
	connectionAge   = time.Hour
	connectionGrace = writeTimeout
)

var (
	refusals    = telemetry.Counter("koppi.refusals", "{call}", "Calls that were refused, by reason.")
	streamsOpen = telemetry.UpDown("koppi.streams.open", "{stream}", "Streams that stand.")
)

// Config is what a gRPC server is made of. Logger, Validator and Public are required.
type Config struct {
	Logger *slog.Logger
	// Verifier of callers' tokens; nil where services behind this one hold them.
	Verifier  *identity.Verifier
	Validator protovalidate.Validator
	// Limiter of callers; nil for no limit.
	Limiter *limit.Limiter
	// Public tells methods that need no token besides health.
	Public func(method string) bool
	// Suite tells methods that answer the suite's own processes alone; nil for none.
	Suite func(method string) bool
	// Mutual says that callers have shown certificates of the suite's processes.
	Mutual bool
	// Now is the domain's time, to which the times of requests are held; nil where it is
	// not known.
	Now func() time.Time
	// Reflection lets anybody ask for the contract: for trials alone.
	Reflection bool
}

// Server is a gRPC server with health.
type Server struct {
	*grpc.Server
	Health *health.Server
}

// NewGRPC makes a server. Its checks come in the order of the house: token, form,
// and then the service's own.
func NewGRPC(config Config) *Server {
	open := identity.Admission{
		Public: func(method string) bool { return isGRPC(method) || config.Public(method) },
		Suite:  func(method string) bool { return config.Suite != nil && config.Suite(method) },
		Mutual: config.Mutual,
	}
	unary, stream := anybody()
	if config.Verifier != nil {
		unary, stream = config.Verifier.Unary(open), config.Verifier.Stream(open)
	}
	checks := &checks{validator: config.Validator, now: config.Now}
	limitUnary, limitStream := anybody()
	if config.Limiter != nil {
		limitUnary, limitStream = config.Limiter.Unary(), config.Limiter.Stream()
	}
	server := grpc.NewServer(
		telemetry.Served(),
		grpc.MaxRecvMsgSize(MaxMessage), grpc.MaxSendMsgSize(2*MaxMessage),
		grpc.MaxHeaderListSize(maxHeaderBytes), grpc.MaxConcurrentStreams(maxStreams),
		// What one stream may hold here unread, whatever the line would carry.
		grpc.StaticStreamWindowSize(streamWindow), grpc.StaticConnWindowSize(connWindow),
		grpc.ForceServerCodecV2(tolerant()),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time: pingEvery, Timeout: pingTime, MaxConnectionAge: connectionAge, MaxConnectionAgeGrace: connectionGrace,
		}),
		grpc.ConnectionTimeout(10*time.Second),
		grpc.ChainUnaryInterceptor(
			observeUnary(config.Logger), timeLimit, unary, limitUnary, checks.unary,
		),
		grpc.ChainStreamInterceptor(
			observeStream(config.Logger), NewUnknown().stream, stream, limitStream, checks.stream,
		),
		grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
			return fault.New(fault.NotServed, "there is no such method here")
		}),
	)
	s := &Server{Server: server, Health: health.NewServer()}
	healthv1.RegisterHealthServer(server, s.Health)
	if config.Reflection {
		reflection.Register(server)
	}
	return s
}

// anybody lets callers through.
func anybody() (grpc.UnaryServerInterceptor, grpc.StreamServerInterceptor) {
	return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			return handle(ctx, request)
		}, func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			return handle(server, stream)
		}
}

// observeUnary logs how a call ended, never what it held, and lets nothing but a
// refusal of the list leave.
func observeUnary(logger *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (response any, err error) {
		began := time.Now()
		defer func() {
			err = ended(ctx, logger, info.FullMethod, began, err, recover())
			if err != nil {
				response = nil
			}
		}()
		return handle(ctx, request)
	}
}

func observeStream(logger *slog.Logger) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
		began := time.Now()
		about := metric.WithAttributes(semconv.RPCMethod(strings.TrimPrefix(named(info.FullMethod), "/")))
		streamsOpen.Add(stream.Context(), 1, about)
		defer func() {
			streamsOpen.Add(stream.Context(), -1, about)
			err = ended(stream.Context(), logger, info.FullMethod, began, err, recover())
		}()
		return handle(server, stream)
	}
}

func ended(ctx context.Context, logger *slog.Logger, method string, began time.Time, err error, panicked any) error {
	method = named(method)
	if panicked != nil {
		logger.ErrorContext(ctx, "panic", slog.String("method", method), slog.String("stack", string(debug.Stack())))
		return fault.New(fault.Internal, "something went wrong here")
	}
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
		// The cause is ours and holds nothing that was sent.
		logger.ErrorContext(ctx, "call", append(attributes, slog.String("cause", causeOf(err)))...)
	} else if err != nil || !telemetry.Ticks(method) && !reading(method) {
		logger.InfoContext(ctx, "call", attributes...)
	}
	return scrubbed
}

// reading tells what a standing reader calls on and on: that it was opened is logged, and
// who read what is in the journal.
func reading(method string) bool {
	return method == exchangev1.ExchangeService_ListMessages_FullMethodName || method == exchangev1.ExchangeService_AcknowledgeMessages_FullMethodName
}

// named is a method as logs and metrics call it: any that there is not is what a caller has
// written.
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

// timeLimit bounds calls: those that have no deadline, and those that have a far one.
func timeLimit(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	ctx, cancel := Bounded(ctx)
	defer cancel()
	return handle(ctx, request)
}

// Bounded is the context of a call that is answered by one message: it ends with the
// caller's deadline, in 2 min at the latest, and in 30 s where there is none.
func Bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	most := unaryTimeout
	if _, named := ctx.Deadline(); named {
		most = longest
	}
	return context.WithTimeout(ctx, most)
}
