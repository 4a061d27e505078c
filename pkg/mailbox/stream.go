package mailbox

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"koppi.internal/pkg/fault"
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

// sender sends on a stream, a batch of messages at a time, from a goroutine that lasts as long as the batch: a
// stream on which nothing is sent has none. A reader that does not read blocks only that goroutine, not the one
// that watches for timeouts, epochs and drain.
type sender[M any] struct {
	send func(*M) error
	// busy says that a batch is being sent, and sent gets its result.
	busy bool
	sent chan error
	// stopped ends a batch after the current message.
	stopped atomic.Bool
}

func newSender[M any](send func(*M) error) *sender[M] {
	return &sender[M]{send: send, sent: make(chan error, 1)}
}

// start sends a batch. The batch before must have been sent.
func (s *sender[M]) start(batch []*M) {
	if len(batch) == 0 {
		return
	}
	s.busy = true
	go func() { s.sent <- s.all(batch) }()
}

func (s *sender[M]) all(batch []*M) error {
	for _, message := range batch {
		if s.stopped.Load() {
			return nil
		}
		if err := s.send(message); err != nil {
			return err
		}
	}
	return nil
}

// close waits up to flushTime for the batch to be sent; what then remains of it is not sent.
func (s *sender[M]) close() {
	if !s.busy {
		return
	}
	defer s.stopped.Store(true)
	timer := time.NewTimer(flushTime)
	defer timer.Stop()
	select {
	case <-s.sent: //nolint:errcheck // the stream ends either way
	case <-timer.C:
	}
}

// received is a message that came in on a stream, or the error that ended it.
type received[M any] struct {
	message *M
	err     error
}

// incoming receives the messages of a stream, one at a time. Each is received by a goroutine of its own: parsing
// and checking a message grows the stack, and a stream holds the stack for as long as it waits for the next.
func incoming[M any](ctx context.Context, receive func() (*M, error)) <-chan received[M] {
	in := make(chan received[M])
	var next func()
	next = func() {
		message, err := receive()
		select {
		case in <- received[M]{message, err}:
		case <-ctx.Done():
			return
		}
		if err == nil {
			go next()
		}
	}
	go next()
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

// lifeOf returns how long a stream may stay open whose token expires at a time (zero for never), and the error with
// which it then ends.
func lifeOf(expires time.Time) (time.Duration, error) {
	life := maxLife - rand.N(lifeJitter) //nolint:gosec // spreads load, guards nothing
	if left := time.Until(expires); !expires.IsZero() && left < life {
		return left, fault.New(fault.TokenExpired, "the token that opened this stream has expired")
	}
	return life, nil
}

// Pulse is the one timer of a stream, which fires when a heartbeat is due, and at the end of the stream's life.
type Pulse struct {
	*time.Timer
	// Farewell is the error with which the life ends; nil if the caller may simply reconnect.
	Farewell error

	every time.Duration
	ends  time.Time
}

// NewPulse starts the timer of a stream whose token expires at a time (zero for never).
func NewPulse(every time.Duration, expires time.Time) *Pulse {
	life, farewell := lifeOf(expires)
	ends := time.Now().Add(life) //nolint:forbidigo // of sockets
	return &Pulse{Timer: time.NewTimer(min(every, life)), Farewell: farewell, every: every, ends: ends}
}

// Beat starts the timer again after it has fired. It returns false at the end of the life.
func (p *Pulse) Beat() bool {
	left := time.Until(p.ends)
	if left <= 0 {
		return false
	}
	p.Reset(min(p.every, left))
	return true
}
