package serve

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/pkg/fault"
)

const (
	// unknownStreams is how many streams whose callers nobody asks for may stand at once in a
	// process: of the watches of health, and on trial of reflection.
	unknownStreams = 64
	// unknownLife is how long such a stream stands.
	unknownLife = time.Minute
)

// isGRPC tells the methods of gRPC's own services, which nobody needs a token for.
func isGRPC(method string) bool { return strings.HasPrefix(method, "/grpc.") }

// Unknown bounds the streams of callers whom nobody knows, in number and in time. It is safe
// for concurrent use.
type Unknown struct {
	most int
	life time.Duration

	mu   sync.Mutex
	open int
}

// NewUnknown lets 64 stand at once, each for a minute.
func NewUnknown() *Unknown { return &Unknown{most: unknownStreams, life: unknownLife} }

// enter lets one more stand; leave ends it. It refuses with reason BUSY where there are as
// many as there may be.
func (u *Unknown) enter() (leave func(), err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.open >= u.most {
		return nil, fault.New(fault.Busy, "more than %d streams without a token at once", u.most).RetryAfter(time.Second)
	}
	u.open++
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.open--
	}, nil
}

// stream is an interceptor: it comes before all that asks who calls.
func (u *Unknown) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if !isGRPC(info.FullMethod) {
		return handle(server, stream)
	}
	leave, err := u.enter()
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(stream.Context(), u.life)
	defer cancel()
	return handle(server, &timed{ServerStream: stream, ctx: ctx})
}

// timed is a stream that ends in time.
type timed struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // grpc's streams carry their context
}

func (s *timed) Context() context.Context { return s.ctx }

// Handler bounds what is under gRPC's own paths over HTTP; refuse answers what is too much.
func (u *Unknown) Handler(handler http.Handler, refuse func(err error) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isGRPC(r.URL.Path) {
			handler.ServeHTTP(w, r)
			return
		}
		leave, err := u.enter()
		if err != nil {
			refuse(err).ServeHTTP(w, r)
			return
		}
		defer leave()
		ctx, cancel := context.WithTimeout(r.Context(), u.life)
		defer cancel()
		// A stream of which nothing comes, or is taken, ends too. Where a connection has no
		// deadlines, as in memory, the caller is in this process.
		control, until := http.NewResponseController(w), time.Now().Add(u.life) //nolint:forbidigo // of sockets
		_ = control.SetReadDeadline(until)
		_ = control.SetWriteDeadline(until)
		handler.ServeHTTP(w, r.WithContext(ctx))
	})
}
