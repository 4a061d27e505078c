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
	// idleTime is how long a session lasts without activity.
	idleTime = 30 * time.Minute
	// longest is how long a session lasts in all: a working day with overtime.
	longest = 10 * time.Hour
	// renewTime is the age from which a cookie is renewed, so that not every call renews it.
	renewTime = time.Minute

	kindSession identity.Kind = "session"
	kindAttempt identity.Kind = "sign-in"
)

// record is the content of a session's cookie, which is sealed.
type record struct {
	ID     string          `json:"id"`
	Caller identity.Caller `json:"caller"`
	// Seen is the time of the last activity, accurate to renewTime.
	Seen time.Time `json:"seen"`
	// Ends is when the session ends, whatever the activity.
	Ends time.Time `json:"ends"`
}

// until is when the session ends if nothing more is done.
func (r record) until() time.Time {
	if idle := r.Seen.Add(idleTime); idle.Before(r.Ends) {
		return idle
	}
	return r.Ends
}

// baseOf is the address of the pages to which a request was sent; empty where cookies may not be
// set.
func (s *Sessions) baseOf(r *http.Request) string {
	switch {
	case s.base != "":
		return s.base
	case s.Dev && loopback.Is(r.Host):
		return "http://" + r.Host
	}
	return ""
}

// gone and whileOpen are lifetimes of a cookie: gone deletes it, and whileOpen keeps it until the
// browser is closed.
const gone, whileOpen = -1, 0

// put sets a cookie for a number of seconds, or deletes it. The prefix __Host- of its name keeps
// other hosts from setting it, and Secure keeps it from plain HTTP. Browsers accept neither on this
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

// The names of the cookies, which have the prefix __Host- where there is TLS. An attempt's name
// ends with its state.
const (
	sessionCookie = "koppi"
	attemptCookie = "koppi-sign-in-"
)

// sealed reads the content of a cookie into a value; false where the request has no such cookie. It
// fails with SESSION_ENDED where the content was not sealed here.
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

// live reads the session of a request; there is false where it has none. It fails with
// SESSION_ENDED. sure is false where Redis did not answer: another replica may know that the person
// signed out.
func (s *Sessions) live(r *http.Request) (session record, there, sure bool, err error) {
	there, err = s.sealed(r, sessionCookie, kindSession, &session)
	if err != nil || !there {
		return record{}, there, false, err
	}
	if !s.Now().Before(session.until()) {
		return record{}, true, false, ended("the session has ended")
	}
	out, err := s.Denylist.Has(r.Context(), entryOf(session.ID))
	if out {
		return record{}, true, false, ended("the session was signed out of")
	}
	sure = err == nil
	if err := s.Verifier.Still(session.Caller); err != nil {
		return record{}, true, false, ended("the signed-in person may no longer call")
	}
	return session, true, sure, nil
}

// entryOf is the entry of a session in the denylist.
func entryOf(id string) string { return "session:" + id }

// Caller is the person who is signed in, by the session of a request; false where it carries none.
// A session counts only in requests from Koppi's own pages. It fails with CROSS_SITE and
// SESSION_ENDED.
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

// sameOrigin reports whether the browser says that one of Koppi's own pages sent a request.
func (s *Sessions) sameOrigin(r *http.Request) bool {
	base := s.baseOf(r)
	if base == "" || s.cross.Check(r) != nil {
		return false
	}
	from := r.Header.Get("Sec-Fetch-Site")
	return from == "same-origin" || from == "" && r.Header.Get("Origin") == base
}

// Extend extends sessions in which something is done: it sets a new cookie if the last one is at
// least a minute old. If Redis does not answer, it extends no session, as the person may have
// signed out at another replica.
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

// begin signs a person in to a new session, and out of the one that the request carries.
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

// give sets the session's cookie. It is SameSite=Strict, so that links of other sites do not carry
// the session, and it ends with the browser window, for desks that several people share.
func (s *Sessions) give(w http.ResponseWriter, session record) {
	s.put(w, sessionCookie, s.seal(kindSession, session), whileOpen, http.SameSiteStrictMode)
}

// end signs the session of a request out permanently, for all copies of its cookie.
func (s *Sessions) end(r *http.Request) (record, bool) {
	var session record
	there, err := s.sealed(r, sessionCookie, kindSession, &session)
	if err != nil || !there {
		return record{}, false
	}
	// The session ends even if the client disconnects.
	ctx := context.WithoutCancel(r.Context())
	if err := s.Denylist.Add(ctx, entryOf(session.ID), session.Ends.Sub(s.Now())); err != nil {
		s.Logger.WarnContext(ctx, "other replicas do not know that a session was signed out", slog.String("error", err.Error()))
	}
	return session, true
}
