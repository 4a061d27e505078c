package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/serve"
)

// forwarded lists the only metadata keys that are passed on to a service.
var forwarded = []string{"authorization", identity.MetadataOnBehalfOf, "traceparent"}

// register forwards all methods of a service to its connection, by descriptor: the gateway has no
// code for a single method.
func register(server *connect.Server, service string, to grpc.ClientConnInterface) error {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return fmt.Errorf("gateway: no descriptor of %s: %w", service, err)
	}
	descriptor, ok := found.(protoreflect.ServiceDescriptor)
	if !ok {
		return fmt.Errorf("gateway: %s is no service", service)
	}
	for i := range descriptor.Methods().Len() {
		method, err := newMethod(descriptor.Methods().Get(i), to)
		if err != nil {
			return err
		}
		server.Register(method)
	}
	return nil
}

// forwarder forwards the calls of one method.
type forwarder struct {
	to        grpc.ClientConnInterface
	procedure string
	stream    grpc.StreamDesc
	in, out   protoreflect.MessageType
	old       *deprecations
}

func newMethod(m protoreflect.MethodDescriptor, to grpc.ClientConnInterface) (connect.Method, error) {
	in, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
	if err != nil {
		return connect.Method{}, fmt.Errorf("gateway: %s: %w", m.FullName(), err)
	}
	out, err := protoregistry.GlobalTypes.FindMessageByName(m.Output().FullName())
	if err != nil {
		return connect.Method{}, fmt.Errorf("gateway: %s: %w", m.FullName(), err)
	}
	f := &forwarder{
		to: to, procedure: fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name()), in: in, out: out, old: deprecationsOf(m),
		stream: grpc.StreamDesc{
			StreamName: string(m.Name()), ClientStreams: m.IsStreamingClient(), ServerStreams: m.IsStreamingServer(),
		},
	}
	spec := connect.Spec{Procedure: f.procedure, Schema: m, StreamType: connect.StreamTypeUnary}
	handle := f.unary
	if m.IsStreamingClient() {
		spec.StreamType |= connect.StreamTypeClient
		handle = f.streams
	}
	if m.IsStreamingServer() {
		spec.StreamType |= connect.StreamTypeServer
		handle = f.streams
	}
	return connect.Method{Spec: spec, Handler: handle}, nil
}

func (f *forwarder) unary(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
	in, out := f.in.New().Interface(), f.out.New().Interface()
	if err := stream.Receive(in); err != nil {
		return readError(err)
	}
	f.old.warn(ctx, in)
	// Invoke waits for a service that is down; Bounded limits the wait.
	ctx, cancel := serve.Bounded(ctx)
	defer cancel()
	if err := f.to.Invoke(outgoing(ctx), f.procedure, in, out); err != nil {
		return refuse(ctx, err)
	}
	return stream.Send(out)
}

// streams forwards messages in both directions until either side ends. If the client made an error,
// streams returns that error rather than the cancellation that follows from it.
func (f *forwarder) streams(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
	ctx, cancel := context.WithCancelCause(outgoing(ctx))
	defer cancel(nil)
	f.old.warn(ctx, nil)
	backend, err := f.to.NewStream(ctx, &f.stream, f.procedure, serve.InPlace{})
	if err != nil {
		return refuse(ctx, err)
	}
	if here, ok := backend.(*serve.Stream); ok {
		return ended(ctx, here.Serve(inPlace{stream, cancel}))
	}
	go func() {
		if err := f.pumpIn(stream, backend); err != nil {
			cancel(err)
		}
	}()
	for {
		out := f.out.New().Interface()
		err := backend.RecvMsg(out)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return ended(ctx, err)
		}
		if err := stream.Send(out); err != nil {
			return err
		}
	}
}

// ended converts the end of a stream. An error of the client comes before the cancellation that follows from it.
func ended(ctx context.Context, err error) error {
	var refused *connect.Error
	switch {
	case err == nil:
		return nil
	case errors.As(context.Cause(ctx), &refused):
		return refused
	}
	return refuse(ctx, err)
}

// inPlace is a client's stream as a handler in this process serves it.
type inPlace struct {
	connect.ServerStream

	cancel context.CancelCauseFunc
}

// Receive ends the stream if the client made an error.
func (s inPlace) Receive(message any) error {
	err := s.ServerStream.Receive(message)
	if err != nil && !errors.Is(err, io.EOF) {
		s.cancel(readError(err))
	}
	return err
}

func (f *forwarder) pumpIn(stream connect.ServerStream, backend grpc.ClientStream) error {
	for {
		in := f.in.New().Interface()
		err := stream.Receive(in)
		if errors.Is(err, io.EOF) {
			return backend.CloseSend()
		}
		if err != nil {
			return readError(err)
		}
		if err := backend.SendMsg(in); err != nil {
			// The backend ended first; RecvMsg returns its status.
			return nil //nolint:nilerr // as said
		}
	}
}

// printable matches values that may be sent in a header to a service (RFC 9110 § 5.5, visible ASCII
// and spaces only).
var printable = regexp.MustCompile(`^[\x20-\x7e]*$`)

// outgoing is a context that carries the forwarded metadata to a service. It omits a trace header
// that is not printable. Other values are passed as they are: a token that is not printable is
// refused where it is verified. The deadline is that of ctx.
func outgoing(ctx context.Context) context.Context {
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		return ctx
	}
	passed := metadata.MD{}
	for _, key := range forwarded {
		for _, value := range info.RequestHeader().Values(key) {
			if !strings.HasPrefix(key, "trace") || printable.MatchString(value) {
				passed.Append(key, value)
			}
		}
	}
	return metadata.NewOutgoingContext(ctx, passed)
}
