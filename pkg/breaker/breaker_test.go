package breaker_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"koppi.internal/pkg/breaker"
)

var errDown = errors.New("the server is down")

// server counts calls, and fails or hangs where the test says so.
type server struct {
	calls int
	err   error
	hangs bool
}

func (s *server) answer(ctx context.Context) (string, error) {
	s.calls++
	if s.hangs {
		<-ctx.Done()
		return "", ctx.Err()
	}
	if s.err != nil {
		return "", s.err
	}
	return "answer", nil
}

// After a failure the server is not called for 5 s. Then one call tries it; if that fails, the 5 s begin
// again, and if it succeeds, all calls reach the server.
func TestCircuitOpensForFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := &server{}, breaker.New[string](time.Second)
		do := func(want error, calls int) {
			t.Helper()
			answer, err := b.Do(t.Context(), s.answer)
			failed := want != nil && (errors.Is(want, errAny) || errors.Is(err, want))
			if (err != nil) != failed || (err == nil) != (answer == "answer") {
				t.Errorf("%q, %v, want error %v", answer, err, want)
			}
			if s.calls != calls {
				t.Errorf("%d calls, want %d", s.calls, calls)
			}
		}
		do(nil, 1)
		s.err = errDown
		do(errDown, 2)
		do(errAny, 2)
		time.Sleep(5*time.Second - time.Millisecond) // synctest's clock
		do(errAny, 2)
		time.Sleep(2 * time.Millisecond) // synctest's clock
		do(errDown, 3)
		do(errAny, 3)
		time.Sleep(5*time.Second + time.Millisecond) // synctest's clock
		s.err = nil
		do(nil, 4)
		do(nil, 5)
	})
}

// errAny stands for the error of an open circuit.
var errAny = errors.New("any")

// A server that does not answer within the timeout has failed.
func TestTimeoutOpensTheCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := &server{hangs: true}, breaker.New[string](50*time.Millisecond)
		began := time.Now()
		if _, err := b.Do(t.Context(), s.answer); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 50*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if _, err := b.Do(t.Context(), s.answer); err == nil || s.calls != 1 {
			t.Errorf("%v after %d calls", err, s.calls)
		}
	})
}

// A call whose caller leaves says nothing about the server, neither in a closed circuit nor in the call that
// tries the server again.
func TestCallerThatLeavesDoesNotOpenTheCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := &server{hangs: true}, breaker.New[string](time.Second)
		leave := func() {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if _, err := b.Do(ctx, s.answer); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a caller that left: %v", err)
			}
		}
		reached := func() {
			t.Helper()
			before := s.calls
			s.hangs = false
			if _, err := b.Do(t.Context(), s.answer); err != nil || s.calls != before+1 {
				t.Errorf("the server is not called: %v", err)
			}
		}
		leave()
		reached()
		s.err = errDown
		_, _ = b.Do(t.Context(), s.answer)
		time.Sleep(5*time.Second + time.Millisecond) // synctest's clock
		s.err, s.hangs = nil, true
		leave()
		reached()
	})
}
