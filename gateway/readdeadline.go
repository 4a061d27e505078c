package gateway

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/pkg/serve"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
)

const (
	// patience is the default read deadline of a request's message.
	patience = 30 * time.Second
	// answerTimes times the read deadline is the write deadline of an answer of one message: it
	// allows for the longest call and a slow connection.
	answerTimes = 6
	// framing is how many bytes the protocol may add around a message.
	framing = 64 << 10
	// crawl is how many bytes of an upload must arrive within each read deadline; an upload that
	// sends fewer has stalled.
	crawl = 1 << 10
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

// readDeadline disconnects clients that send a message, or read an answer, too slowly, such as one
// byte now and then. An upload may take as long as its connection needs, provided that it does not
// stall. Streams have limits of their own: a stream that is not opened soon ends, and none lasts
// longer than an hour.
func readDeadline(within time.Duration, streams map[string]streaming, handler http.Handler) http.Handler {
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
				r.Body = &moving{ReadCloser: r.Body, control: control, within: within}
			}
			r.Body = http.MaxBytesReader(w, r.Body, serve.MaxMessage+framing)
		}
		handler.ServeHTTP(w, r)
	})
}

// moving is a request body whose deadlines are extended whenever another crawl bytes have arrived.
type moving struct {
	io.ReadCloser
	control *http.ResponseController
	within  time.Duration
	come    int
}

func (m *moving) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	if m.come += n; m.come >= crawl && err == nil {
		m.come = 0
		now := time.Now() //nolint:forbidigo // of sockets
		_ = m.control.SetReadDeadline(now.Add(m.within))
		_ = m.control.SetWriteDeadline(now.Add(answerTimes * m.within))
	}
	return n, err
}

// contained recovers panics, so that the panic value, which may hold what a caller sent, reaches
// neither the caller nor the log. The log has the stack only.
func contained(logger *slog.Logger, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if panicked := recover(); panicked != nil {
				if panicked != http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
					logger.ErrorContext(r.Context(), "panic", slog.String("stack", string(debug.Stack())))
				}
				panic(http.ErrAbortHandler)
			}
		}()
		handler.ServeHTTP(w, r)
	})
}
