package presence_test

import (
	"testing"
	"time"

	"koppi.internal/pkg/notify/redistest"
	"koppi.internal/pkg/presence"
)

// A thing is one holder's until it leaves or is gone for its time to live; a Redis that
// is gone gives no answer, and one that forgot gives it to whoever asks.
func TestHold(t *testing.T) {
	const ttl = 200 * time.Millisecond
	server := redistest.Start(t)
	here, there := presence.NewRedis(server.Client()), presence.NewRedis(server.Client())
	hold := func(who *presence.Redis, name string, want bool) {
		t.Helper()
		if held, err := who.Acquire(t.Context(), "thing", name, ttl); err != nil || held != want {
			t.Errorf("%s holds it: %v, %v", name, held, err)
		}
	}
	hold(here, "here", true)
	hold(there, "there", false)
	hold(here, "here", true)
	if err := there.Release(t.Context(), "thing", "there"); err != nil {
		t.Fatal(err)
	}
	hold(there, "there", false)
	if err := here.Release(t.Context(), "thing", "here"); err != nil {
		t.Fatal(err)
	}
	hold(there, "there", true)
	for began := time.Now(); ; {
		if held, err := here.Acquire(t.Context(), "thing", "here", ttl); err != nil {
			t.Fatal(err)
		} else if held {
			break
		}
		if time.Since(began) > 10*time.Second {
			t.Fatal("who is gone holds it for ever")
		}
		<-time.After(10 * time.Millisecond)
	}
	if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	hold(there, "there", true)
	server.Down()
	if _, err := there.Acquire(t.Context(), "thing", "there", ttl); err == nil {
		t.Error("without Redis there is an answer")
	}
}
