package gateway

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/pkg/serve"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
)

const (
	// readTimeout is the default read deadline of a request's message.
	readTimeout = 30 * time.Second
	// answerTimes times the read deadline is the write deadline of an answer of one message: it
	// allows for the longest call and a slow connection.
	answerTimes = 6
	// framing is how many bytes the protocol may add around a message.
	framing = 64 << 10
	// leastProgress is how many bytes of an upload must arrive within each read deadline; an upload
	// that sends fewer has stalled.
	leastProgress = 1 << 10
)

// uploads are the procedures with large messages, which may take long on a slow connection.
var uploads = map[string]bool{attachmentv1.AttachmentService_UploadChunk_FullMethodName: true}

// streaming says in which directions a procedure streams.
type streaming struct{ in, out bool }

// streamsOf lists the procedures that stream; all others take one message and return one.
func streamsOf(services []string) (map[string]streaming, error) {
	streams := map[string]streaming{"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": {true, true}, "/grpc.health.v1.Health/Watch": {false, true}}
	for _, name := range services {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			return nil, fmt.Errorf("gateway: no descriptor of %s: %w", name, err)
		}
		methods := found.(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			if m := methods.Get(i); m.IsStreamingClient() || m.IsStreamingServer() {
				streams[fmt.Sprintf("/%s/%s", name, m.Name())] = streaming{m.IsStreamingClient(), m.IsStreamingServer()}
			}
		}
	}
	return streams, nil
}

// deadlines disconnects clients that send a message, or read an answer, too slowly, such as one
// byte now and then. An upload may take as long as its connection needs, provided that it does not
// stall. Streams have limits of their own: a stream that is not opened soon ends, and none lasts
// longer than an hour.
func deadlines(within time.Duration, streams map[string]streaming, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control, kind := http.NewResponseController(w), streams[r.URL.Path]
		now := time.Now() //nolint:forbidigo // of sockets
		// A writer without deadlines, such as one in memory, returns an error that is ignored: it
		// has no slow client.
		if !kind.out {
			_ = control.SetWriteDeadline(now.Add(answerTimes * within))
		}
		if !kind.in && r.Body != nil && r.Body != http.NoBody {
			// The deadline ends with the body: net/http resets it when it waits for the next
			// request.
			_ = control.SetReadDeadline(now.Add(within))
			if uploads[r.URL.Path] {
				r.Body = &uploadBody{ReadCloser: r.Body, control: control, within: within}
			}
			r.Body = http.MaxBytesReader(w, r.Body, serve.MaxMessage+framing)
		}
		handler.ServeHTTP(w, r)
	})
}

// uploadBody is a request body whose deadlines are extended whenever another leastProgress bytes
// have arrived.
type uploadBody struct {
	io.ReadCloser
	control *http.ResponseController
	within  time.Duration
	arrived int
}

func (u *uploadBody) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if u.arrived += n; u.arrived >= leastProgress && err == nil {
		u.arrived = 0
		now := time.Now() //nolint:forbidigo // of sockets
		_ = u.control.SetReadDeadline(now.Add(u.within))
		_ = u.control.SetWriteDeadline(now.Add(answerTimes * u.within))
	}
	return n, err
}
