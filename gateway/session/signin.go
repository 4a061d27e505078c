package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	gopath "path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

const (
	// attemptTime is how long a person may take at the issuer.
	attemptTime = 10 * time.Minute
	// exchangeTime is how long the issuer is waited for.
	exchangeTime = 10 * time.Second
	// maxTo bounds the address of a page, in bytes.
	maxTo = 2048
	// maxAttempts is how many sign-ins of one browser may be under way: each is a cookie
	// in the header of every request.
	maxAttempts = 5
)

// attempt is a sign-in that has begun. It binds what the issuer leads back to the browser
// that left: a cookie of its own, named after its state, holds it, sealed. So two tabs can
// sign in side by side.
type attempt struct {
	Issuer   string    `json:"issuer"`
	To       string    `json:"to"`
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Until    time.Time `json:"until"`
}

// signIn leads a browser to an issuer, by authorization code with PKCE (RFC 7636).
func (s *Sessions) signIn(w http.ResponseWriter, r *http.Request) {
	one, known := s.site(r.URL.Query().Get("issuer"))
	to := r.URL.Query().Get("to")
	if to == "" {
		to = "/"
	}
	switch {
	case !known:
		refuse(w, fault.New(fault.NotFound, "nobody signs in there"))
		return
	case !isPage(to):
		refuse(w, fault.New(fault.InvalidField, "to is no page of Koppi's").Field("to", "a path here, such as /"))
		return
	case s.baseOf(r) == "":
		refuse(w, crossSite())
		return
	}
	provider, err := s.Verifier.Provider(r.Context(), one.Issuer)
	if err != nil {
		s.fail(w, r, attempt{Issuer: one.Issuer, To: to}, err)
		return
	}
	begun := attempt{
		Issuer: one.Issuer, To: to, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Until: s.Now().Add(attemptTime),
	}
	s.makeRoom(w, r)
	// It must come back with a browser that the issuer's site leads here: lax.
	s.put(w, attemptCookie+begun.State, s.seal(kindAttempt, begun), int(attemptTime.Seconds()), http.SameSiteLaxMode)
	at := one.client(provider, s.baseOf(r)).AuthCodeURL(begun.State, oidc.Nonce(begun.Nonce), oauth2.S256ChallengeOption(begun.Verifier))
	lead(w, at)
}

// stateShape is what rand.Text gives.
var stateShape = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// makeRoom takes away the oldest sign-ins of a browser where too many are under way, and
// those that no longer count.
func (s *Sessions) makeRoom(w http.ResponseWriter, r *http.Request) {
	type kept struct {
		name  string
		until time.Time
	}
	var all []kept
	for _, cookie := range r.Cookies() {
		state, is := strings.CutPrefix(cookie.Name, s.named(attemptCookie))
		if !is || !stateShape.MatchString(state) {
			continue
		}
		var begun attempt
		name := attemptCookie + state
		if _, err := s.sealed(r, name, kindAttempt, &begun); err != nil {
			begun.Until = time.Time{}
		}
		all = append(all, kept{name, begun.Until})
	}
	slices.SortFunc(all, func(a, b kept) int { return b.until.Compare(a.until) })
	for i, one := range all {
		if i >= maxAttempts-1 || !s.Now().Before(one.until) {
			s.put(w, one.name, "", gone, http.SameSiteLaxMode)
		}
	}
}

// client is what the pages are at an issuer.
func (s site) client(provider *identity.Provider, base string) *oauth2.Config {
	endpoint := provider.Endpoint()
	// Trying which way it takes could spend the code.
	if endpoint.AuthStyle = oauth2.AuthStyleInHeader; s.secret == "" || provider.SecretInForm {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: s.SignIn.ClientID, ClientSecret: s.secret, Endpoint: endpoint, RedirectURL: base + backPath,
		Scopes: append([]string{oidc.ScopeOpenID}, s.SignIn.Scopes...),
	}
}

// back takes a browser that comes back from an issuer, and leads it to its page.
func (s *Sessions) back(w http.ResponseWriter, r *http.Request) {
	var begun attempt
	state := r.URL.Query().Get("state")
	if !stateShape.MatchString(state) {
		s.fail(w, r, begun, failed("no state that was given out"))
		return
	}
	there, err := s.sealed(r, attemptCookie+state, kindAttempt, &begun)
	s.put(w, attemptCookie+state, "", gone, http.SameSiteLaxMode)
	if err != nil || !there {
		s.fail(w, r, attempt{}, failed("this browser began no such sign-in"))
		return
	}
	caller, err := s.finish(r, begun)
	if err != nil {
		s.fail(w, r, begun, err)
		return
	}
	s.begin(w, r, caller)
	lead(w, s.baseOf(r)+begun.To)
}

func failed(why string) error { return fault.New(fault.SignInFailed, "the sign-in failed: %s", why) }

// finish holds what an issuer leads back against what began, and exchanges its code.
func (s *Sessions) finish(r *http.Request, begun attempt) (identity.Caller, error) {
	none, query := identity.Caller{}, r.URL.Query()
	one, known := s.site(begun.Issuer)
	switch {
	case s.baseOf(r) == "":
		return none, crossSite()
	case !known || !s.Now().Before(begun.Until):
		return none, failed("it took too long")
	case subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(begun.State)) != 1:
		return none, failed("it is not the one that this browser began")
	}
	provider, err := s.Verifier.Provider(r.Context(), begun.Issuer)
	if err != nil {
		return none, err
	}
	// Who answers in another's name is found by its own (RFC 9207).
	if named := query.Get("iss"); named != begun.Issuer && (named != "" || provider.NamesItself) {
		return none, failed("another issuer answered")
	}
	if query.Get("error") != "" || query.Get("code") == "" {
		return none, failed("the issuer did not sign anybody in")
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(r.Context(), provider.Client), exchangeTime)
	defer cancel()
	granted, err := one.client(provider, s.baseOf(r)).Exchange(ctx, query.Get("code"), oauth2.VerifierOption(begun.Verifier))
	if err != nil {
		return none, fmt.Errorf("%w (%s)", failed("the issuer did not take its code back"), oauthCode(err))
	}
	token, _ := granted.Extra("id_token").(string)
	caller, err := s.Verifier.SignedIn(r.Context(), begun.Issuer, token, begun.Nonce)
	if err == nil && caller.System {
		err = fault.New(fault.RoleNotAllowed, "a system has no pages")
	}
	return caller, err
}

var codeShape = regexp.MustCompile(`^[a-z_]{1,40}$`)

// oauthCode is what of an error may be logged: its code. Its text may hold anything.
func oauthCode(err error) string {
	var answered *oauth2.RetrieveError
	if errors.As(err, &answered) && codeShape.MatchString(answered.ErrorCode) {
		return answered.ErrorCode
	}
	return "no answer that is understood"
}

// fail leads a person back to the page that the sign-in was for, which says why in the
// person's language: to come later, or that the sign-in failed. The log has the rest.
func (s *Sessions) fail(w http.ResponseWriter, r *http.Request, begun attempt, err error) {
	s.Logger.WarnContext(r.Context(), "nobody was signed in", slog.String("issuer", begun.Issuer), slog.String("error", err.Error()))
	reason := fault.SignInFailed
	if fault.ReasonOf(err) == fault.Unavailable {
		reason = fault.Unavailable
	}
	base := s.baseOf(r)
	if base == "" {
		refuse(w, crossSite())
		return
	}
	lead(w, base+refusedAt(begun.To, reason))
}

// refusedAt is a page's address with why nobody was signed in.
func refusedAt(page string, reason fault.Reason) string {
	at, err := url.Parse(cmp.Or(page, "/"))
	if err != nil || !isPage(cmp.Or(page, "/")) {
		at = &url.URL{Path: "/"}
	}
	query := at.Query()
	query.Set("refused", string(reason))
	at.RawQuery = query.Encode()
	return at.String()
}

// lead leads a browser on.
func lead(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// isPage tells whether an address is that of a page here: a path, and nothing that a
// browser could take for another host. Signing in again is none.
func isPage(to string) bool {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || len(to) > maxTo {
		return false
	}
	for i := range len(to) {
		// Browsers read a backslash as a slash, and leave out tabs and line ends.
		if to[i] <= ' ' || to[i] >= 0x7f || to[i] == '\\' {
			return false
		}
	}
	at, err := url.Parse(to)
	if err != nil || at.Host != "" || at.Scheme != "" {
		return false
	}
	clean := gopath.Clean(at.Path)
	return clean != Path && !strings.HasPrefix(clean, Path+"/")
}
