package session_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/fault"
)

// Who is warned that the session ends can put that off, as often as the session may last;
// another site cannot, and nobody can once it has ended.
func TestSessionIsExtended(t *testing.T) {
	s := newStand(t, how{})
	if got := s.send(http.MethodPost, "/session/extend"); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody: %d %s", got.StatusCode, got.body)
	}
	s.signInByToken(12 * time.Hour)
	until := func(got answered) time.Duration {
		t.Helper()
		at, err := time.Parse(time.RFC3339Nano, said(t, got.body)["until"].(string))
		if err != nil {
			t.Fatal(err)
		}
		return at.Sub(s.clock.now()).Round(time.Minute)
	}
	for range 12 {
		s.clock.move(29 * time.Minute)
		if left := until(s.send(http.MethodGet, "/session")); left != time.Minute {
			t.Fatalf("%v are left", left)
		}
		if got := s.send(http.MethodPost, "/session/extend", "Sec-Fetch-Site", "cross-site"); got.StatusCode != http.StatusForbidden {
			t.Fatalf("another site: %d", got.StatusCode)
		}
		if left := until(s.send(http.MethodPost, "/session/extend")); left != 30*time.Minute {
			t.Fatalf("extended, %v are left", left)
		}
	}
	for range 8 {
		s.clock.move(29 * time.Minute)
		s.send(http.MethodPost, "/session/extend")
	}
	s.clock.move(10 * time.Minute)
	if left := until(s.send(http.MethodPost, "/session/extend")); left != 10*time.Minute {
		t.Errorf("before ten hours, %v are left", left)
	}
	s.clock.move(11 * time.Minute)
	if got := s.send(http.MethodPost, "/session/extend"); got.StatusCode != http.StatusUnauthorized || !strings.Contains(got.body, string(fault.SessionEnded)) {
		t.Errorf("after ten hours: %d %s", got.StatusCode, got.body)
	}
}

// A session is called the same in all tabs for as long as it lasts; another one of the same
// person's is called otherwise, and its name opens nothing.
func TestSessionHasAName(t *testing.T) {
	s := newStand(t, how{})
	s.signIn("meri", "/")
	name := func() string { return said(t, s.send(http.MethodGet, "/session").body)["session"].(string) }
	first := name()
	s.clock.move(5 * time.Minute)
	s.send(http.MethodPost, "/session/extend")
	if len(first) != 32 || name() != first {
		t.Errorf("%q becomes %q", first, name())
	}
	if got := s.with(first); got != string(fault.SessionEnded) {
		t.Errorf("the name opens: %q", got)
	}
	if s.signIn("meri", "/"); name() == first {
		t.Error("another session has the same name")
	}
}
