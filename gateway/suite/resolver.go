package suite

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// resolver leads to a service; where that does not know a client by the caller's name
// for them, another service that does introduces them: a client_id is the same in all.
type resolver struct {
	grpc.ClientConnInterface

	// accepts is the full name of the service that is called from outside.
	accepts string
	others  []grpc.ClientConnInterface
}

// Invoke calls, and once more with an introduction where the client was unknown. Nothing
// has happened by a call that was refused so.
func (i resolver) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	refused := i.ClientConnInterface.Invoke(ctx, method, in, out, options...)
	name := clientOf(in)
	if fault.ReasonOf(refused) != fault.UnknownClient || name == "" || !strings.HasPrefix(method, "/"+i.accepts+"/") {
		return refused
	}
	for _, other := range i.others {
		introduced, err := caseworkv1.NewMatterServiceClient(other).Introduce(ctx, &caseworkv1.IntroduceRequest{ClientId: name})
		switch {
		case err == nil:
			ctx = metadata.AppendToOutgoingContext(ctx, matter.MetadataIntroduction, introduced.GetIntroduction())
			return i.ClientConnInterface.Invoke(ctx, method, in, out, options...)
		case fault.ReasonOf(err) != fault.UnknownClient:
			return err
		}
	}
	return refused
}

// clientOf is the client_id of the client whom a request begins a matter of; empty where it
// begins none, or names them otherwise.
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
