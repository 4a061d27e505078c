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
	// patience is how long a request's message may take to come.
	patience = 30 * time.Second
	// answerTimes is how many times that an answer of one message may take altogether:
	// what a call may last, and a slow line.
	answerTimes = 6
	// framing is what a message has around it on its way.
	framing = 64 << 10
	// crawl is how many bytes of an upload must come within patience: one that brings less
	// stands still.
	crawl = 1 << 10
)

// uploads are the procedures whose message is large: on a slow line it takes its time.
var uploads = map[string]bool{attachmentv1.AttachmentService_UploadChunk_FullMethodName: true}

// streaming is in which directions the calls of a procedure stream.
type streaming struct{ in, out bool }

// streamsOf lists the procedures that stream; all others take and give one message.
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

// readDeadline cuts who sends a message, or takes an answer, a byte now and then. An upload may
// take as long as its line needs, as long as it does not stand still. Streams have
// their own ends: one that is not opened soon ends, and none stands longer than an hour.
func readDeadline(within time.Duration, streams map[string]streaming, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control, kind := http.NewResponseController(w), streams[r.URL.Path]
		now := time.Now() //nolint:forbidigo // of sockets
		// Where a writer has no deadlines, as in memory, nobody is slow.
		if !kind.out {
			_ = control.SetWriteDeadline(now.Add(answerTimes * within))
		}
		if !kind.in && r.Body != nil && r.Body != http.NoBody {
			// It ends with the body: net/http takes it back when it waits for what comes next.
			_ = control.SetReadDeadline(now.Add(within))
			if uploads[r.URL.Path] {
				r.Body = &moving{ReadCloser: r.Body, control: control, within: within}
			}
			r.Body = http.MaxBytesReader(w, r.Body, serve.MaxMessage+framing)
		}
		handler.ServeHTTP(w, r)
	})
}

// moving is a body that is waited for as long as something of it comes.
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

// contained lets nothing of a panic out, neither to the caller nor, but for where it
// was, to the log: its value may hold what was sent.
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
