package identity

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/pkg/fault"
)

const (
	metadataAuthorization = "authorization"
	bearerPrefix          = "Bearer "
)

// Bearer is the token of an Authorization header; false where it has another scheme. The case of
// the scheme does not matter (RFC 9110 § 11.1).
func Bearer(header string) (token string, ok bool) {
	scheme, token, _ := strings.Cut(header, " ")
	return strings.TrimLeft(token, " "), strings.EqualFold(scheme, "Bearer")
}

// Authenticate verifies the caller of an incoming call and carries it on.
func (v *Verifier) Authenticate(ctx context.Context) (context.Context, error) {
	header := metadata.ValueFromIncomingContext(ctx, metadataAuthorization)
	if len(header) == 0 {
		return ctx, fault.New(fault.TokenRequired, "a token is missing")
	}
	caller, err := v.bearer(ctx, header)
	if err != nil {
		return ctx, err
	}
	return WithCaller(ctx, caller), nil
}

// Forward carries a caller's token, as it came in, to a call within the suite that is
// made in the caller's name.
func Forward(ctx context.Context) context.Context {
	return metadata.NewOutgoingContext(ctx, metadata.MD{metadataAuthorization: metadata.ValueFromIncomingContext(ctx, metadataAuthorization)})
}

// Admission says which methods are open to whom. All fields are required.
type Admission struct {
	// Public tells the methods that need no token.
	Public func(method string) bool
	// Suite tells the methods that answer the suite's own processes alone; all others answer
	// callers alone.
	Suite func(method string) bool
	// Mutual says that only processes of the suite reach this one, by their certificates:
	// they need no token for what they ask in nobody's name.
	Mutual bool
}

// admit authenticates the caller of a method, and holds them to what is open to them.
func (v *Verifier) admit(ctx context.Context, method string, open Admission) (context.Context, error) {
	suite := open.Suite(method)
	if open.Public(method) || suite && open.Mutual && len(metadata.ValueFromIncomingContext(ctx, metadataAuthorization)) == 0 {
		return ctx, nil
	}
	ctx, err := v.Authenticate(ctx)
	if err != nil {
		return ctx, err
	}
	if caller, _ := FromContext(ctx); (caller.Role == RoleSuite) != suite {
		return ctx, fault.New(fault.RoleNotAllowed, "what the suite's own processes ask, and what callers ask, are kept apart")
	}
	return ctx, nil
}

// Unary authenticates every unary call but the public ones.
func (v *Verifier) Unary(open Admission) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		ctx, err := v.admit(ctx, info.FullMethod, open)
		if err != nil {
			return nil, err
		}
		return handle(ctx, request)
	}
}

// Stream authenticates every stream but the public ones.
func (v *Verifier) Stream(open Admission) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		ctx, err := v.admit(stream.Context(), info.FullMethod, open)
		if err != nil {
			return err
		}
		return handle(server, &authenticated{ServerStream: stream, ctx: ctx})
	}
}

// authenticated is a stream whose context carries its caller.
type authenticated struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // grpc's streams carry their context
}

func (s *authenticated) Context() context.Context { return s.ctx }
