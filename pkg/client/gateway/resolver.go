// Package gateway resolves a client or a case that a service does not know in the other services.
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

// Invoke calls the service; if it does not know the client or the case, Invoke calls once more with an
// introduction from another service: at most once for each. The repetition is safe, as a call that was
// refused so has changed nothing.
func (r Resolver) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	refused := r.ClientConnInterface.Invoke(ctx, method, in, out, options...)
	if !strings.HasPrefix(method, "/"+r.Accepts+"/") {
		return refused
	}
	for _, next := range introductions(in) {
		if fault.ReasonOf(refused) != next.refusal {
			continue
		}
		introduction, err := r.introduce(ctx, next.request)
		switch {
		case err != nil:
			return err
		case introduction == "":
			return refused
		}
		ctx = metadata.AppendToOutgoingContext(ctx, caller.MetadataIntroduction, introduction)
		refused = r.ClientConnInterface.Invoke(ctx, method, in, out, options...)
	}
	return refused
}

// retry is what other services are asked after a refusal, before the call is made again.
type retry struct {
	refusal fault.Reason
	request *caseworkv1.IntroduceRequest
}

// introductions are what a request that starts a matter can need, in the order in which a service refuses: the
// client, then the case. Other requests need none.
func introductions(request any) (all []retry) {
	if name := clientOf(request); name != "" {
		all = append(all, retry{fault.UnknownClient, &caseworkv1.IntroduceRequest{ClientId: name}})
	}
	if name := textOf(request, "case_id"); name != "" && clientField(request) != nil {
		all = append(all, retry{fault.InvalidField, &caseworkv1.IntroduceRequest{CaseId: name}})
	}
	return all
}

// introduce returns an introduction from the first of the other services that gives one; empty if none does.
func (r Resolver) introduce(ctx context.Context, request *caseworkv1.IntroduceRequest) (string, error) {
	for _, other := range r.Others {
		introduced, err := caseworkv1.NewMatterServiceClient(other).Introduce(ctx, request)
		switch {
		case err == nil:
			return introduced.GetIntroduction(), nil
		case fault.ReasonOf(err) != fault.UnknownClient:
			return "", err
		}
	}
	return "", nil
}

// clientOf is the client_id of the client in a request that starts a matter; empty where the
// request starts none, or identifies the client otherwise.
func clientOf(request any) string {
	client := clientField(request)
	if client == nil {
		return ""
	}
	return textOf(request.(proto.Message).ProtoReflect().Get(client).Message().Interface(), "client_id") //nolint:forcetypeassert // it has the field
}

// clientField is the field of a request that names the client of the matter that it starts; nil if there is
// none.
func clientField(request any) protoreflect.FieldDescriptor {
	message, ok := request.(proto.Message)
	if !ok {
		return nil
	}
	client := message.ProtoReflect().Descriptor().Fields().ByName("client")
	if client == nil || client.Message() == nil || client.IsList() {
		return nil
	}
	return client
}

// textOf returns a text field of a message; empty if there is none.
func textOf(request any, name protoreflect.Name) string {
	message, ok := request.(proto.Message)
	if !ok {
		return ""
	}
	field := message.ProtoReflect().Descriptor().Fields().ByName(name)
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
		return ""
	}
	return message.ProtoReflect().Get(field).String()
}
