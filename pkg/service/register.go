package service

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// RegisterSteps adds a gRPC service to a server. The methods that are named as one of the steps only
// take that step and answer with the matter as take returns it, in the only message field of their
// response; impl implements the other methods. It panics if a step is no method of the service.
func RegisterSteps(
	server grpc.ServiceRegistrar, desc grpc.ServiceDesc, impl any, steps []string, take func(context.Context, Request) (proto.Message, error),
) {
	desc.Methods = slices.Clone(desc.Methods)
	for _, step := range steps {
		i := slices.IndexFunc(desc.Methods, func(m grpc.MethodDesc) bool { return m.MethodName == step })
		if i < 0 {
			panic("service: " + step + " is not a method of " + desc.ServiceName)
		}
		desc.Methods[i].Handler = stepHandler(desc.ServiceName, step, take)
	}
	server.RegisterService(&desc, impl)
}

// stepHandler is the gRPC handler of a method that only takes a step.
func stepHandler(service, step string, take func(context.Context, Request) (proto.Message, error)) grpc.MethodHandler {
	request, response, matter := stepTypes(service, step)
	handle := func(ctx context.Context, in any) (any, error) {
		taken, err := take(ctx, in.(Request)) //nolint:forcetypeassert // checked by stepTypes
		if err != nil {
			return nil, err
		}
		out := response.New()
		if taken != nil {
			out.Set(matter, protoreflect.ValueOfMessage(taken.ProtoReflect()))
		}
		return out.Interface(), nil
	}
	return func(impl any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		in := request.New().Interface()
		if err := decode(in); err != nil {
			return nil, err
		}
		if interceptor == nil {
			return handle(ctx, in)
		}
		return interceptor(ctx, in, &grpc.UnaryServerInfo{Server: impl, FullMethod: "/" + service + "/" + step}, handle)
	}
}

// stepTypes returns the types of a step's request and response, and the field of the response that
// holds the matter.
func stepTypes(service, step string) (request, response protoreflect.MessageType, matter protoreflect.FieldDescriptor) {
	method := methodOf(service, step)
	request, response = typeOf(method.Input()), typeOf(method.Output())
	if _, is := request.New().Interface().(Request); !is {
		panic("service: the request of " + step + " has no request_id")
	}
	fields := method.Output().Fields()
	if fields.Len() != 1 || fields.Get(0).Message() == nil {
		panic("service: the response of " + step + " must contain only a matter")
	}
	return request, response, fields.Get(0)
}

func methodOf(service, step string) protoreflect.MethodDescriptor {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		panic(err)
	}
	described, is := found.(protoreflect.ServiceDescriptor)
	if !is {
		panic("service: " + service + " is not a service")
	}
	return described.Methods().ByName(protoreflect.Name(step))
}

func typeOf(message protoreflect.MessageDescriptor) protoreflect.MessageType {
	found, err := protoregistry.GlobalTypes.FindMessageByName(message.FullName())
	if err != nil {
		panic(err)
	}
	return found
}
