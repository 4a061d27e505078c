package exchange

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

const (
	// heartbeatEvery tells a reader of a quiet mailbox that it still listens.
	heartbeatEvery = 20 * time.Second
	// maxLife bounds a standing stream; each ends up to lifeJitter earlier, so that
	// readers that came together do not all come back together.
	maxLife    = time.Hour
	lifeJitter = 5 * time.Minute
	// openWithin bounds the wait for the first request.
	openWithin = 10 * time.Second
	// flushTime bounds the wait for the last message to be taken at the end.
	flushTime = time.Second
)

// sender sends on a stream from a goroutine of its own: a reader that does not
// read holds up that goroutine and the message in its hand, and never the one
// that watches time, takeover and drain.
type sender[M any] struct {
	messages chan *M
	failed   chan error
	done     chan struct{}
}

func newOutlet[M any](send func(*M) error) *sender[M] {
	o := &sender[M]{messages: make(chan *M), failed: make(chan error, 1), done: make(chan struct{})}
	go func() {
		defer close(o.done)
		for message := range o.messages {
			if err := send(message); err != nil {
				o.failed <- err
				return
			}
		}
	}()
	return o
}

// close lets the message in hand be sent, for a moment.
func (o *sender[M]) close() {
	close(o.messages)
	timer := time.NewTimer(flushTime)
	defer timer.Stop()
	select {
	case <-o.done:
	case <-timer.C:
	}
}

// received is what came in on a stream, or how it ended.
type received[M any] struct {
	message *M
	err     error
}

// inlet receives on a stream from a goroutine of its own, one message at a time.
func inlet[M any](ctx context.Context, receive func() (*M, error)) <-chan received[M] {
	in := make(chan received[M])
	go func() {
		for {
			message, err := receive()
			select {
			case in <- received[M]{message, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return in
}

// first waits for the request that opens a stream.
func first[M any](ctx context.Context, in <-chan received[M]) (*M, error) {
	timer := time.NewTimer(openWithin)
	defer timer.Stop()
	select {
	case r := <-in:
		if errors.Is(r.err, io.EOF) {
			return nil, fault.New(fault.InvalidField, "the stream ended before it was opened")
		}
		return r.message, r.err
	case <-timer.C:
		return nil, fault.New(fault.InvalidField, "the stream was not opened in time")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// LifeOf is how long a caller's stream may stand, and what its end then says:
// nothing to who may simply open again.
func LifeOf(caller identity.Caller) (time.Duration, error) {
	life := maxLife - rand.N(lifeJitter) //nolint:gosec // spreads load, guards nothing
	if left := time.Until(caller.Expires); !caller.Expires.IsZero() && left < life {
		return left, fault.New(fault.TokenExpired, "the token that opened this stream has expired")
	}
	return life, nil
}
