package limit

import (
	"context"

	"google.golang.org/grpc"

	"koppi.internal/pkg/identity"
)

// Unary returns an interceptor that limits unary calls. It must run after authentication. A call without a
// caller, as of a public method, passes.
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

// AdmitStream limits how often streams are opened and how many are open; the stream is open until leave is called.
// Requests sent on a stream count as calls of their own.
func (l *Limiter) AdmitStream(ctx context.Context) (leave func(), err error) {
	return l.admit(ctx, l.EnterStream)
}

// admit checks the limit of concurrent calls first, so that a call refused by it does not use up the rate
// limit.
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
