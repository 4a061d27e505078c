package identity

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// MetadataOnBehalfOf names the worker in whose name a system acts:
// "worker;unit;role".
const MetadataOnBehalfOf = "koppi-on-behalf-of"

const bearerPrefix = "Bearer "

// Authenticate verifies the caller of an incoming call and carries it on.
func (v *Verifier) Authenticate(ctx context.Context) (context.Context, error) {
	header := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(header) == 0 {
		return ctx, fault.New(fault.TokenRequired, "a token is missing")
	}
	token, ok := strings.CutPrefix(header[0], bearerPrefix)
	if !ok || len(header) > 1 {
		return ctx, invalidToken("its form")
	}
	caller, err := v.Verify(ctx, token)
	if err != nil {
		return ctx, err
	}
	if named := metadata.ValueFromIncomingContext(ctx, MetadataOnBehalfOf); len(named) > 0 {
		if caller, err = v.onBehalf(caller, named); err != nil {
			return ctx, err
		}
	}
	return WithCaller(ctx, caller), nil
}

// Forward carries a caller's own credentials, as they came in, to a call made in
// the caller's name.
func Forward(ctx context.Context) context.Context {
	passed := metadata.MD{}
	for _, key := range []string{"authorization", MetadataOnBehalfOf} {
		passed.Set(key, metadata.ValueFromIncomingContext(ctx, key)...)
	}
	return metadata.NewOutgoingContext(ctx, passed)
}

// onBehalf lets a system act in the name of a worker of its own agency.
func (v *Verifier) onBehalf(caller Caller, named []string) (Caller, error) {
	if !caller.System {
		return caller, fault.New(fault.RoleNotAllowed, "only a system acts on behalf of a worker")
	}
	parts := strings.Split(named[0], ";")
	if len(named) != 1 || len(parts) != 3 || parts[0] == "" || len(parts[0]) > 128 || !Role(parts[2]).IsWorker() {
		return caller, fault.New(fault.InvalidField, "%s is worker;unit;role", MetadataOnBehalfOf).
			Field(MetadataOnBehalfOf, "worker;unit;role")
	}
	if err := v.config.Directory.Check(&commonv1.Party{Agency: caller.Agency, Unit: parts[1]}, MetadataOnBehalfOf); err != nil {
		return caller, err
	}
	caller.Worker, caller.Unit, caller.Role = parts[0], parts[1], Role(parts[2])
	return caller, nil
}

// Unary authenticates every unary call but the public ones.
func (v *Verifier) Unary(public func(method string) bool) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if public(info.FullMethod) {
			return handle(ctx, request)
		}
		ctx, err := v.Authenticate(ctx)
		if err != nil {
			return nil, err
		}
		return handle(ctx, request)
	}
}

// Stream authenticates every stream but the public ones.
func (v *Verifier) Stream(public func(method string) bool) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		if public(info.FullMethod) {
			return handle(server, stream)
		}
		ctx, err := v.Authenticate(stream.Context())
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
