package concern_test

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern"
)

// tested is a service whose methods are called as a server calls them, in this process and without
// interceptors.
type tested struct {
	concernv1.ConcernServiceClient
	*internal
}

// internal is the service; one level deeper, so that the client's methods come first.
type internal struct{ *concern.Service }

func serve(service *concern.Service) *tested {
	conn := &inProcess{methods: map[string]grpc.MethodDesc{}, impl: map[string]any{}}
	service.Register(conn)
	return &tested{concernv1.NewConcernServiceClient(conn), &internal{service}}
}

// inProcess is the connection to what was registered in it.
type inProcess struct {
	grpc.ClientConnInterface
	methods map[string]grpc.MethodDesc
	impl    map[string]any
}

func (p *inProcess) RegisterService(desc *grpc.ServiceDesc, impl any) {
	p.impl[desc.ServiceName] = impl
	for _, method := range desc.Methods {
		p.methods["/"+desc.ServiceName+"/"+method.MethodName] = method
	}
}

func (p *inProcess) Invoke(ctx context.Context, method string, in, out any, _ ...grpc.CallOption) error {
	name, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	answer, err := p.methods[method].Handler(p.impl[name], ctx, func(request any) error {
		proto.Merge(request.(proto.Message), in.(proto.Message))
		return nil
	}, nil)
	if err == nil {
		proto.Merge(out.(proto.Message), answer.(proto.Message))
	}
	return err
}
