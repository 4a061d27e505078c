package mailbox

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
	// heartbeatEvery is how often a stream sends a heartbeat, which shows that a quiet connection is alive.
	heartbeatEvery = 20 * time.Second
	// maxLife is the longest life of a stream. Each ends up to lifeJitter earlier, so that readers that
	// connected at the same time do not all reconnect at the same time.
	maxLife    = time.Hour
	lifeJitter = 5 * time.Minute
	// openWithin is the timeout for the first request.
	openWithin = 10 * time.Second
	// flushTime is how long the end of a stream waits for the last message to be sent.
	flushTime = time.Second
)

// sender sends on a stream from its own goroutine. A reader that does not read blocks only that goroutine,
// not the one that watches for timeouts, epochs and drain.
type sender[M any] struct {
	messages chan *M
	failed   chan error
	done     chan struct{}
}

func newSender[M any](send func(*M) error) *sender[M] {
	s := &sender[M]{messages: make(chan *M), failed: make(chan error, 1), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for message := range s.messages {
			if err := send(message); err != nil {
				s.failed <- err
				return
			}
		}
	}()
	return s
}

// close waits up to flushTime for the current message to be sent.
func (s *sender[M]) close() {
	close(s.messages)
	timer := time.NewTimer(flushTime)
	defer timer.Stop()
	select {
	case <-s.done:
	case <-timer.C:
	}
}

// received is a message that came in on a stream, or the error that ended it.
type received[M any] struct {
	message *M
	err     error
}

// incoming receives the messages of a stream in its own goroutine, one at a time.
func incoming[M any](ctx context.Context, receive func() (*M, error)) <-chan received[M] {
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

// first waits up to openWithin for the request that opens a stream.
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

// LifeOf returns how long a caller's stream may stay open, and the error with which it then ends: nil if the
// caller may simply reconnect.
func LifeOf(caller identity.Caller) (time.Duration, error) {
	life := maxLife - rand.N(lifeJitter) //nolint:gosec // spreads load, guards nothing
	if left := time.Until(caller.Expires); !caller.Expires.IsZero() && left < life {
		return left, fault.New(fault.TokenExpired, "the token that opened this stream has expired")
	}
	return life, nil
}
