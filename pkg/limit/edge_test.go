package limit_test

import (
	"testing"
	"testing/synctest"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/notify/redistest"
)

// Around the beginning of a second, where a count by seconds would begin anew, no more calls get through than may come
// at once and than the rate refills meanwhile, over Redis and without it.
func TestNoBurstAtBeginOfSecond(t *testing.T) {
	const calls, before, after = 200, 60 * time.Millisecond, 60 * time.Millisecond
	settings := limit.Settings{Calls: calls}
	server := redistest.Start(t)
	for name, limiter := range map[string]*limit.Limiter{"over Redis": must(settings.Open(server.Client())), "without Redis": must(settings.Open(nil))} {
		edge := time.Now().Truncate(time.Second).Add(time.Second)
		if time.Until(edge) < 2*before {
			edge = edge.Add(time.Second)
		}
		<-time.After(time.Until(edge.Add(-before))) // the wall clock's second
		began, through, made := time.Now(), 0, 0
		for time.Now().Before(edge.Add(after)) {
			made++
			switch err := limiter.Allow(t.Context(), kela); {
			case err == nil:
				through++
			case fault.ReasonOf(err) != fault.Busy:
				t.Fatal(err)
			}
		}
		lasted := time.Since(began)
		most := calls/2 + int(calls*lasted.Seconds()) + 1
		// A machine under load may not make enough calls to meet the limit.
		if through > most || through < min(calls/2, made) {
			t.Errorf("%s: %d of %d calls got through in %v around the edge, of %d a second want no more than %d", name, through, made, lasted, calls, most)
		}
	}
}

// A refusal says when the next call is admitted: earlier it is refused, and then it is admitted.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := must(limit.Settings{Calls: 4, WorkerCalls: 2}.Open(nil))
		call := func() error { return limiter.Allow(t.Context(), worker) }
		if err := call(); err != nil {
			t.Fatal(err)
		}
		wait := fault.RetryAfterOf(call())
		if wait != 500*time.Millisecond {
			t.Fatalf("after one of two calls a second the next may come in %v", wait)
		}
		time.Sleep(wait - time.Millisecond) // synctest's clock
		if left := fault.RetryAfterOf(call()); left != time.Millisecond {
			t.Errorf("a millisecond before that, %v are left", left)
		}
		time.Sleep(time.Millisecond) // synctest's clock
		if err := call(); err != nil {
			t.Errorf("then it is refused: %v", err)
		}
	})
	server := redistest.Start(t)
	limiter := must(limit.Settings{Calls: 20}.Open(server.Client()))
	for {
		began := time.Now()
		err := limiter.Allow(t.Context(), kela)
		if err == nil {
			continue
		}
		wait := fault.RetryAfterOf(err)
		if wait <= 0 || wait > 50*time.Millisecond {
			t.Fatalf("over Redis the next of 20 calls a second may come in %v", wait)
		}
		<-time.After(time.Until(began.Add(wait + 20*time.Millisecond))) // the wait that the refusal names
		if err := limiter.Allow(t.Context(), kela); err != nil {
			t.Errorf("after the wait that the refusal names: %v", err)
		}
		return
	}
}

// The uploads of an hour are refilled during the hour: the refusal says when the next may begin, which is not in an
// hour.
func TestUploadsRefill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, uploads := must(limit.Settings{Calls: 1000}.Open(nil)), limit.Uploads{WorkerHourly: 60}
		begin := func() error { return limiter.AllowUpload(t.Context(), worker, uploads) }
		for i := range 30 {
			if err := begin(); err != nil {
				t.Fatalf("upload %d: %v", i, err)
			}
		}
		err := begin()
		if fault.RetryAfterOf(err) != time.Minute || fault.MetadataOf(err)["retry_after"] != "1m0s" {
			t.Errorf("the next one of 60 an hour: %v, %v", fault.RetryAfterOf(err), fault.MetadataOf(err))
		}
		time.Sleep(time.Minute) // synctest's clock
		if err := begin(); err != nil {
			t.Errorf("a minute later: %v", err)
		}
	})
}
