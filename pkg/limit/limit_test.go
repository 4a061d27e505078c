package limit_test

import (
	"testing"
	"time"

	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/wake/redistest"
)

// allowed is how many of many calls at once two replicas let through.
func allowed(t *testing.T, who string, replicas ...*limit.Limiter) int {
	t.Helper()
	count := 0
	for i := range 100 {
		if replicas[i%len(replicas)].Allow(t.Context(), who) {
			count++
		}
	}
	return count
}

// Replicas share one limit, each agency has its own, and without Redis each replica
// has it for itself: no call fails because Redis does.
func TestLimit(t *testing.T) {
	const calls = 10
	server := redistest.Start(t)
	one, other := limit.New(calls, server.Client()), limit.New(calls, server.Client())
	// A hundred calls may fall into two seconds.
	if got := allowed(t, "kela", one, other); got < calls || got > 2*calls {
		t.Errorf("%d calls of %d got through", got, calls)
	}
	if got := allowed(t, "hva", one, other); got < calls {
		t.Errorf("another agency has %d calls of %d", got, calls)
	}
	server.Down()
	began := time.Now()
	got := allowed(t, "kela", one, other)
	if got < 2*calls || got > 100-calls {
		t.Errorf("without Redis %d calls got through, want about %d", got, 2*calls)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("without Redis a hundred calls took %v", took)
	}
	if got := allowed(t, "kela", limit.New(calls, nil)); got < calls || got > 100-calls {
		t.Errorf("alone %d calls got through", got)
	}
}
