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

// Bearer returns the token of an Authorization header; false if the header has another scheme. The case of
// the scheme does not matter (RFC 9110 § 11.1).
func Bearer(header string) (token string, ok bool) {
	scheme, token, _ := strings.Cut(header, " ")
	return strings.TrimLeft(token, " "), strings.EqualFold(scheme, "Bearer")
}

// Authenticate verifies the caller of an incoming call and adds it to the context.
func (v *Verifier) Authenticate(ctx context.Context) (context.Context, error) {
	header := metadata.ValueFromIncomingContext(ctx, metadataAuthorization)
	if len(header) == 0 {
		return ctx, fault.New(fault.TokenRequired, "the token is missing")
	}
	caller, err := v.bearer(ctx, header)
	if err != nil {
		return ctx, err
	}
	return WithCaller(ctx, caller), nil
}

// Forward returns a context for a call within the suite that is made for the same caller, with the token as
// it came in.
func Forward(ctx context.Context) context.Context {
	return metadata.NewOutgoingContext(ctx, metadata.MD{metadataAuthorization: metadata.ValueFromIncomingContext(ctx, metadataAuthorization)})
}

// WithToken returns a context for a call within the suite with a token of the suite.
func WithToken(ctx context.Context, token string) context.Context {
	return metadata.NewOutgoingContext(ctx, metadata.Pairs(metadataAuthorization, bearerPrefix+token))
}

// Admission says which methods are open to which callers. All fields are required.
type Admission struct {
	// Public reports whether a method needs no token.
	Public func(method string) bool
	// Suite reports whether a method is internal, that is, open only to the suite's own processes. All other
	// methods are open only to callers.
	Suite func(method string) bool
	// Mutual says that only processes of the suite can connect, by mutual TLS. They need no token for
	// internal methods.
	Mutual bool
}

// Admit authenticates the caller of a method and checks that the method is open to it. The context that it returns
// carries the caller.
func (v *Verifier) Admit(ctx context.Context, method string, open Admission) (context.Context, error) {
	suite := open.Suite(method)
	if open.Public(method) || suite && open.Mutual && len(metadata.ValueFromIncomingContext(ctx, metadataAuthorization)) == 0 {
		return ctx, nil
	}
	ctx, err := v.Authenticate(ctx)
	if err != nil {
		return ctx, err
	}
	if caller, _ := FromContext(ctx); (caller.Role == RoleSuite) != suite {
		return ctx, fault.New(fault.RoleNotAllowed, "only the suite's own processes can call internal methods, and they can call no others")
	}
	return ctx, nil
}

// Unary returns an interceptor that authenticates every unary call of a method that is not public.
func (v *Verifier) Unary(open Admission) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		ctx, err := v.Admit(ctx, info.FullMethod, open)
		if err != nil {
			return nil, err
		}
		return handle(ctx, request)
	}
}
