// Package gateway resolves a client whom a service does not know in the other services.
package gateway

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// Resolver is the connection to a service. Where that service does not know a client by the
// caller's pseudonym, Resolver asks the other services, and one that knows the client introduces
// them: a client_id is the same in all services.
type Resolver struct {
	grpc.ClientConnInterface

	// Accepts is the full name of the gRPC service that may be called from outside.
	Accepts string
	// Others are the connections to the other services.
	Others []grpc.ClientConnInterface
}

// Invoke calls the service; if it refuses with UNKNOWN_CLIENT, Invoke calls once more with an
// introduction from another service. The repetition is safe, as a call that was refused so has
// changed nothing.
func (r Resolver) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	refused := r.ClientConnInterface.Invoke(ctx, method, in, out, options...)
	name := clientOf(in)
	if fault.ReasonOf(refused) != fault.UnknownClient || name == "" || !strings.HasPrefix(method, "/"+r.Accepts+"/") {
		return refused
	}
	for _, other := range r.Others {
		introduced, err := caseworkv1.NewMatterServiceClient(other).Introduce(ctx, &caseworkv1.IntroduceRequest{ClientId: name})
		switch {
		case err == nil:
			ctx = metadata.AppendToOutgoingContext(ctx, caller.MetadataIntroduction, introduced.GetIntroduction())
			return r.ClientConnInterface.Invoke(ctx, method, in, out, options...)
		case fault.ReasonOf(err) != fault.UnknownClient:
			return err
		}
	}
	return refused
}

// clientOf is the client_id of the client in a request that starts a matter; empty where the
// request starts none, or identifies the client otherwise.
func clientOf(request any) string {
	message, ok := request.(proto.Message)
	if !ok {
		return ""
	}
	client := message.ProtoReflect().Descriptor().Fields().ByName("client")
	if client == nil || client.Message() == nil || client.IsList() {
		return ""
	}
	var id protoreflect.FieldDescriptor
	if id = client.Message().Fields().ByName("client_id"); id == nil || id.Kind() != protoreflect.StringKind {
		return ""
	}
	return message.ProtoReflect().Get(client).Message().Get(id).String()
}
