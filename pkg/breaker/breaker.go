// Package breaker is the circuit breaker of calls to a server that a process can do without, such as Redis.
// After a failure, the server is not called for a while, so that it does not slow down all callers.
package breaker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sony/gobreaker/v2"
)

// openTime is how long the server is not called after a failure. Then one call tries it.
const openTime = 5 * time.Second

// Breaker makes calls that answer with a T. It is safe for concurrent use.
type Breaker[T any] struct {
	timeout time.Duration
	circuit *gobreaker.CircuitBreaker[T]
}

// New returns a breaker of calls that fail if they take longer than timeout.
func New[T any](timeout time.Duration) *Breaker[T] {
	return &Breaker[T]{timeout: timeout, circuit: gobreaker.NewCircuitBreaker[T](gobreaker.Settings{
		Timeout:     openTime,
		ReadyToTrip: func(gobreaker.Counts) bool { return true },
		IsExcluded:  func(err error) bool { return errors.Is(err, errCallerGone) },
	})}
}

// errCallerGone marks an error that says nothing about the server.
var errCallerGone = errors.New("breaker: the caller's context ended")

// Do makes a call and returns what it returns. While the circuit is open, it returns an error at once. A call
// that fails because ctx ended does not open the circuit.
func (b *Breaker[T]) Do(ctx context.Context, call func(ctx context.Context) (T, error)) (T, error) {
	return b.circuit.Execute(func() (T, error) {
		limited, cancel := context.WithTimeout(ctx, b.timeout)
		defer cancel()
		answer, err := call(limited)
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", errCallerGone, err)
		}
		return answer, err
	})
}
