package session_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/fault"
)

// A person can extend the session before it ends, up to its longest life. Another site cannot extend it, and a session
// that has ended cannot be extended.
func TestSessionIsExtended(t *testing.T) {
	s := newFixture(t, how{})
	if got := s.send(http.MethodPost, "/session/extend"); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody: %d %s", got.StatusCode, got.body)
	}
	s.signInByToken(12 * time.Hour)
	until := func(got answered) time.Duration {
		t.Helper()
		at, err := time.Parse(time.RFC3339Nano, parsed(t, got.body)["until"].(string))
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

// A session has the same name in all tabs until it ends, and another session of the same person has another name. The
// name grants no access.
func TestNameOfSession(t *testing.T) {
	s := newFixture(t, how{})
	s.signIn("meri", "/")
	name := func() string { return parsed(t, s.send(http.MethodGet, "/session").body)["session"].(string) }
	first := name()
	s.clock.move(5 * time.Minute)
	s.send(http.MethodPost, "/session/extend")
	if len(first) != 32 || name() != first {
		t.Errorf("%q becomes %q", first, name())
	}
	if got := s.with(first); got != string(fault.SessionEnded) {
		t.Errorf("the name grants access: %q", got)
	}
	if s.signIn("meri", "/"); name() == first {
		t.Error("another session has the same name")
	}
}
