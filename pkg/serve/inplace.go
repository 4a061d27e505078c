package serve

import (
	"context"
	"errors"
	"io"
	"sync"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
)

// InPlace is a call option by which the caller of NewStream says that it can serve the stream itself, on its own
// stream to whoever called it. A Local connection then returns a *Stream. Other connections ignore the option.
type InPlace struct{ grpc.EmptyCallOption }

// Local is a connection to a server of this process.
type Local struct {
	*grpc.ClientConn

	Server *Server
}

// NewStream opens a stream over the connection, or prepares one that its caller serves itself: see InPlace.
func (l Local) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	for _, option := range options {
		if _, asked := option.(InPlace); asked {
			if handler, known := l.Server.handlers[method]; known {
				return &Stream{ctx: ctx, method: method, handler: handler, intercept: l.Server.intercept}, nil
			}
		}
	}
	return l.ClientConn.NewStream(ctx, desc, method, options...)
}

// handler is the handler of a method that streams.
type handler struct {
	desc *grpc.StreamDesc
	impl any
}

// RegisterService registers a service, and keeps the handlers of its streams.
func (s *Server) RegisterService(desc *grpc.ServiceDesc, impl any) {
	s.Server.RegisterService(desc, impl)
	for i := range desc.Streams {
		s.handlers["/"+desc.ServiceName+"/"+desc.Streams[i].StreamName] = handler{&desc.Streams[i], impl}
	}
}

// Stream is a stream that its caller serves itself, by Serve. It cannot be used as a stream of a client.
type Stream struct {
	grpc.ClientStream

	ctx       context.Context //nolint:containedctx // grpc's streams carry their context
	method    string
	handler   handler
	intercept grpc.StreamServerInterceptor
}

// Both directions of a caller's stream.
type Both interface {
	// Receive returns io.EOF after the last message.
	Receive(message any) error
	Send(message any) error
}

// Serve runs the handler on a caller's stream, with the interceptors of its server, and returns when it has ended
// and sends nothing any more. Of the context that opened the stream, the handler gets the metadata, the trace and the
// end. Its error is one that a connection to the server would have returned.
func (s *Stream) Serve(caller Both) error {
	shown, _ := metadata.FromOutgoingContext(s.ctx)
	ctx, end := context.WithCancelCause(trace.ContextWithSpan(metadata.NewIncomingContext(context.Background(), shown), trace.SpanFromContext(s.ctx)))
	defer end(nil)
	defer context.AfterFunc(s.ctx, func() { end(s.ctx.Err()) })()
	served := &inPlace{ctx: grpc.NewContextWithServerTransportStream(ctx, transport{method: s.method}), caller: caller}
	defer served.finish()
	info := &grpc.StreamServerInfo{FullMethod: s.method, IsClientStream: s.handler.desc.ClientStreams, IsServerStream: s.handler.desc.ServerStreams}
	err := s.intercept(s.handler.impl, served, info, s.handler.desc.Handler)
	if _, ok := status.FromError(err); !ok {
		err = status.FromContextError(err).Err()
	}
	return err
}

// inPlace is the server's side of a Stream.
type inPlace struct {
	ctx    context.Context //nolint:containedctx // grpc's streams carry their context
	caller Both

	// sending is held while a message is sent.
	sending sync.Mutex
	ended   bool
}

func (s *inPlace) Context() context.Context { return s.ctx }

func (s *inPlace) RecvMsg(message any) error {
	if err := s.caller.Receive(message); err != nil {
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		// The caller's stream says itself what was wrong with it.
		return status.FromContextError(context.Canceled).Err()
	}
	if received, ok := message.(proto.Message); ok {
		discardUnknown(received.ProtoReflect())
	}
	return nil
}

func (s *inPlace) SendMsg(message any) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.ended {
		return fault.New(fault.Internal, "the stream has ended")
	}
	return s.caller.Send(message)
}

// finish waits for the message that is being sent, and refuses others.
func (s *inPlace) finish() {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.ended = true
}

// The handlers of this process set no metadata of their answers.
func (*inPlace) SetHeader(metadata.MD) error  { return errNoHeader }
func (*inPlace) SendHeader(metadata.MD) error { return errNoHeader }
func (*inPlace) SetTrailer(metadata.MD)       {}

var errNoHeader = errors.New("serve: a stream in place has no metadata of its answer")

// transport names the method of a stream that has no transport.
type transport struct{ method string }

func (t transport) Method() string             { return t.method }
func (transport) SetHeader(metadata.MD) error  { return errNoHeader }
func (transport) SendHeader(metadata.MD) error { return errNoHeader }
func (transport) SetTrailer(metadata.MD) error { return errNoHeader }
