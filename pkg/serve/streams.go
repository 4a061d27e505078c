package serve

import (
	"context"
	"strings"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"google.golang.org/grpc"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/telemetry"
)

var streamsOpen = telemetry.UpDown("koppi.streams.open", "{stream}", "Open streams.")

// streams is what happens to every stream around its handler. It is one interceptor, and what it does before the
// handler are functions that have returned by then: a standing stream keeps the stack of all that has not.
type streams struct {
	config  Config
	open    identity.Admission
	unknown *Unknown
	checks  *checks
}

// intercept recovers from panics, counts and logs the stream, and checks its caller and its messages.
func (s *streams) intercept(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	return recovery.StreamServerInterceptor(recovers(s.config.Logger))(server, stream, info, func(server any, stream grpc.ServerStream) error {
		end := s.count(stream.Context(), info.FullMethod)
		return end(s.checked(server, stream, info.FullMethod, handle))
	})
}

// count counts and logs a stream until the function that it returns is called, which returns the error that leaves
// the process.
func (s *streams) count(ctx context.Context, method string) (end func(error) error) {
	began := time.Now() //nolint:forbidigo // how long a stream took
	about := metric.WithAttributes(semconv.RPCMethod(strings.TrimPrefix(named(method), "/")))
	streamsOpen.Add(ctx, 1, about)
	return func(err error) error {
		streamsOpen.Add(ctx, -1, about)
		return ended(ctx, s.config.Logger, method, began, err)
	}
}

// checked runs a handler for a caller that may call it, on checked messages.
func (s *streams) checked(server any, stream grpc.ServerStream, method string, handle grpc.StreamHandler) error {
	ctx, leave, err := s.admit(stream.Context(), method)
	if err != nil {
		return err
	}
	defer leave()
	return handle(server, &validated{ServerStream: stream, ctx: ctx, checks: s.checks})
}

// admit checks that a method is open to the caller, and how many streams are open. The context that it returns is
// the stream's.
func (s *streams) admit(ctx context.Context, method string) (_ context.Context, leave func(), err error) {
	if isGRPC(method) {
		return s.unknown.admit(ctx)
	}
	if s.config.Verifier != nil {
		if ctx, err = s.config.Verifier.Admit(ctx, method, s.open); err != nil {
			return nil, nil, err
		}
	}
	if s.config.Limiter == nil {
		return ctx, func() {}, nil
	}
	leave, err = s.config.Limiter.AdmitStream(ctx)
	return ctx, leave, err
}
