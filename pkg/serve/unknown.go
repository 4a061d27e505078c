package serve

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"koppi.internal/pkg/fault"
)

const (
	// unknownStreams is the most streams of unauthenticated callers that a process keeps open at once:
	// watches of health and, in trials, reflection.
	unknownStreams = 64
	// unknownLife is the longest life of such a stream.
	unknownLife = time.Minute
)

// isGRPC reports whether a method belongs to gRPC's own services, which need no token.
func isGRPC(method string) bool { return strings.HasPrefix(method, "/grpc.") }

// Unknown limits the number and the life of streams of unauthenticated callers. It is safe for concurrent
// use.
type Unknown struct {
	most int
	life time.Duration

	mu   sync.Mutex
	open int
}

// NewUnknown returns a limit of 64 streams at once, each for at most a minute.
func NewUnknown() *Unknown { return &Unknown{most: unknownStreams, life: unknownLife} }

// enter counts one more stream until leave is called. It refuses with reason BUSY if the limit is reached.
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

// admit counts one more stream until leave is called, and returns its context, which ends at the deadline. It runs
// before authentication.
func (u *Unknown) admit(ctx context.Context) (_ context.Context, leave func(), err error) {
	one, err := u.enter()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, u.life)
	return ctx, func() {
		cancel()
		one()
	}, nil
}

// Handler applies the limits to gRPC's own paths over HTTP. If a limit is reached, refuse returns the handler
// that answers.
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
		// A stream on which no data comes, or is taken, ends too. If the connection has no deadlines, as in
		// memory, the caller is in this process.
		control, until := http.NewResponseController(w), time.Now().Add(u.life) //nolint:forbidigo // of sockets
		_ = control.SetReadDeadline(until)
		_ = control.SetWriteDeadline(until)
		handler.ServeHTTP(w, r.WithContext(ctx))
	})
}
