package session

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/loopback"
)

const (
	// idleTime is how long a session lasts in which nothing is done.
	idleTime = 30 * time.Minute
	// longest is how long it lasts at most: a working day with its overtime.
	longest = 10 * time.Hour
	// renewTime is after how long a cookie is made anew: not with each call.
	renewTime = time.Minute

	kindSession identity.Kind = "session"
	kindAttempt identity.Kind = "sign-in"
)

// record is what a session's cookie holds, sealed.
type record struct {
	ID     string          `json:"id"`
	Caller identity.Caller `json:"caller"`
	// Seen is when something was last done in it, to renewTime.
	Seen time.Time `json:"seen"`
	// Ends is when it does, whatever is done.
	Ends time.Time `json:"ends"`
}

// until is how long the session lasts if nothing more is done.
func (r record) until() time.Time {
	if idle := r.Seen.Add(idleTime); idle.Before(r.Ends) {
		return idle
	}
	return r.Ends
}

// baseOf is the address of the pages that a request was sent to; empty where that is no
// place for cookies.
func (s *Sessions) baseOf(r *http.Request) string {
	switch {
	case s.base != "":
		return s.base
	case s.Dev && loopback.Is(r.Host):
		return "http://" + r.Host
	}
	return ""
}

// gone is the life of a cookie that is taken away, and whileOpen of one that a browser
// forgets when it is closed.
const gone, whileOpen = -1, 0

// put gives a browser a cookie for so many seconds, or takes it away. Its name keeps other
// hosts from setting it, and it goes with no plain http; a browser takes neither on this
// machine without TLS.
func (s *Sessions) put(w http.ResponseWriter, name, value string, seconds int, site http.SameSite) {
	http.SetCookie(w, &http.Cookie{Name: s.named(name), Value: value, MaxAge: seconds, Path: "/", HttpOnly: true, Secure: !s.plain(), SameSite: site}) //nolint:gosec // plain on loopback alone
}

func (s *Sessions) named(cookie string) string {
	if s.plain() {
		return cookie
	}
	return "__Host-" + cookie
}

func (s *Sessions) plain() bool { return strings.HasPrefix(s.base, "http:") || s.base == "" && s.Dev }

// The cookies' names, behind __Host- where there is TLS. That of a sign-in ends with its
// state.
const (
	sessionCookie = "koppi"
	attemptCookie = "koppi-sign-in-"
)

// sealed reads what a cookie holds; false where there is none. It fails where what it
// holds is not ours.
func (s *Sessions) sealed(r *http.Request, name string, kind identity.Kind, into any) (bool, error) {
	sent, err := r.Cookie(s.named(name))
	if err != nil {
		return false, nil //nolint:nilerr // the only error is that there is none
	}
	text, ok := s.Secrets.OpenToken(kind, "", sent.Value)
	if !ok || json.Unmarshal(text, into) != nil {
		return true, ended("the session is not known here")
	}
	return true, nil
}

func (s *Sessions) seal(kind identity.Kind, content any) string {
	text, err := json.Marshal(content)
	if err != nil {
		panic(err) // plain records can be written
	}
	return s.Secrets.Token(kind, "", text)
}

func ended(why string) error { return fault.New(fault.SessionEnded, "%s", why) }

// live reads a request's session; false where it has none. It fails with reason
// SESSION_ENDED. Sure is false where only this process could be asked whether somebody
// signed out of it.
func (s *Sessions) live(r *http.Request) (session record, there, sure bool, err error) {
	there, err = s.sealed(r, sessionCookie, kindSession, &session)
	if err != nil || !there {
		return record{}, there, false, err
	}
	if !s.Now().Before(session.until()) {
		return record{}, true, false, ended("the session has ended")
	}
	out, err := s.Ended.Has(r.Context(), thing(session.ID))
	if out {
		return record{}, true, false, ended("the session was signed out of")
	}
	sure = err == nil
	if err := s.Verifier.Still(session.Caller); err != nil {
		return record{}, true, false, ended("who is signed in may no longer call")
	}
	return session, true, sure, nil
}

func thing(id string) string { return "session:" + id }

// Caller is who is signed in where a request comes from; false where it carries no
// session. A session counts from Koppi's own pages alone: it fails with reasons
// CROSS_SITE and SESSION_ENDED.
func (s *Sessions) Caller(r *http.Request) (identity.Caller, bool, error) {
	session, there, _, err := s.live(r)
	switch {
	case !there:
		return identity.Caller{}, false, nil
	case !s.sameOrigin(r):
		return identity.Caller{}, false, crossSite()
	case err != nil:
		return identity.Caller{}, false, err
	}
	return session.Caller, true, nil
}

func crossSite() error {
	return fault.New(fault.CrossSite, "the call does not come from Koppi's own pages")
}

// sameOrigin tells whether a browser vouches that one of our own pages sent a request.
func (s *Sessions) sameOrigin(r *http.Request) bool {
	base := s.baseOf(r)
	if base == "" || s.cross.Check(r) != nil {
		return false
	}
	from := r.Header.Get("Sec-Fetch-Site")
	return from == "same-origin" || from == "" && r.Header.Get("Origin") == base
}

// Extend keeps sessions alive in which something is done: it gives a new cookie with an
// answer where the last one is older than a minute. Without Redis no session is extended,
// as somebody may have signed out of it elsewhere.
func (s *Sessions) Extend(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" && s.sameOrigin(r) {
			session, there, sure, err := s.live(r)
			if err == nil && there && sure && s.Now().Sub(session.Seen) >= renewTime {
				session.Seen = s.Now()
				s.give(w, session)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// begin signs somebody in: in a new session, and out of the one that was there.
func (s *Sessions) begin(w http.ResponseWriter, r *http.Request, caller identity.Caller) record {
	s.end(r)
	now := s.Now()
	session := record{ID: rand.Text(), Caller: caller, Seen: now, Ends: now.Add(longest)}
	if caller.Expires.Before(session.Ends) {
		session.Ends = caller.Expires
	}
	s.give(w, session)
	s.Logger.InfoContext(r.Context(), "signed in", slog.String("issuer", caller.Issuer), slog.String("agency", caller.Agency), slog.String("role", string(caller.Role)))
	return session
}

// give gives the session's cookie. Other sites lead nobody into a session by a link: it
// goes with what our own pages send alone. At a desk that several share it goes with the
// browser's window.
func (s *Sessions) give(w http.ResponseWriter, session record) {
	s.put(w, sessionCookie, s.seal(kindSession, session), whileOpen, http.SameSiteStrictMode)
}

// end signs a request's session out for good, whatever copies of its cookie there are.
func (s *Sessions) end(r *http.Request) (record, bool) {
	var session record
	there, err := s.sealed(r, sessionCookie, kindSession, &session)
	if err != nil || !there {
		return record{}, false
	}
	// Who goes away is signed out all the same.
	ctx := context.WithoutCancel(r.Context())
	if err := s.Ended.End(ctx, thing(session.ID), session.Ends.Sub(s.Now())); err != nil {
		s.Logger.WarnContext(ctx, "other replicas were not told that somebody signed out", slog.String("error", err.Error()))
	}
	return session, true
}
