package presence_test

import (
	"testing"
	"time"

	"koppi.internal/pkg/notify/redistest"
	"koppi.internal/pkg/presence"
)

// What ended here has ended elsewhere too, for the time to live. Without Redis it has
// ended here, and whoever asks is told that nobody else was asked.
func TestEnded(t *testing.T) {
	server := redistest.Start(t)
	made := func() *presence.Ended {
		ended, err := presence.NewEnded(server.Client())
		if err != nil {
			t.Fatal(err)
		}
		return ended
	}
	here, there := made(), made()
	has := func(who *presence.Ended, thing string, want bool) {
		t.Helper()
		if ended, err := who.Has(t.Context(), thing); err != nil || ended != want {
			t.Errorf("%s: %v, %v", thing, ended, err)
		}
	}
	has(here, "a", false)
	if err := here.End(t.Context(), "a", time.Hour); err != nil {
		t.Fatal(err)
	}
	has(here, "a", true)
	has(there, "a", true)
	has(there, "b", false)
	if left := server.Client().PTTL(t.Context(), "koppi:ended:a").Val(); left <= 0 || left > time.Hour {
		t.Errorf("it is remembered for %v", left)
	}
	if err := here.End(t.Context(), "past", -time.Second); err != nil {
		t.Error(err)
	}
	has(here, "past", false)
	server.Down()
	if ended, err := there.Has(t.Context(), "b"); err == nil || ended {
		t.Errorf("without Redis: %v, %v", ended, err)
	}
	if err := here.End(t.Context(), "b", time.Hour); err == nil {
		t.Error("the others were told without Redis")
	}
	has(here, "b", true)
}
