package limit

import (
	"context"

	"google.golang.org/grpc"

	"koppi.internal/pkg/identity"
)

// Unary limits calls. It comes behind whoever knows the caller; a caller that nobody
// knows, as of a public method, passes.
func (l *Limiter) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		leave, err := l.admit(ctx, l.EnterCall)
		if err != nil {
			return nil, err
		}
		defer leave()
		return handle(ctx, request)
	}
}

// Stream limits the opening of streams, and how many stand; what is sent on them are
// calls.
func (l *Limiter) Stream() grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		leave, err := l.admit(stream.Context(), l.EnterStream)
		if err != nil {
			return err
		}
		defer leave()
		return handle(server, stream)
	}
}

// admit enters first: what waits for no place takes nothing from the second's calls.
func (l *Limiter) admit(ctx context.Context, enter func(identity.Caller) (func(), error)) (func(), error) {
	caller, known := identity.FromContext(ctx)
	if !known {
		return func() {}, nil
	}
	leave, err := enter(caller)
	if err != nil {
		return nil, err
	}
	if err := l.Allow(ctx, caller); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}
