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
	// attemptTime is how long a person may take to sign in at the issuer.
	attemptTime = 10 * time.Minute
	// exchangeTime is how long the issuer may take to answer.
	exchangeTime = 10 * time.Second
	// maxTo bounds the address of the page to return to, in bytes.
	maxTo = 2048
	// maxAttempts is how many sign-ins of one browser may be in progress: each is a cookie in the
	// header of every request.
	maxAttempts = 5
)

// attempt is a sign-in in progress. A sealed cookie, named after its state, holds it in the
// browser, so that the issuer's answer counts only in the browser that began the sign-in. Each
// attempt has its own cookie, so that two tabs can sign in side by side.
type attempt struct {
	Issuer   string    `json:"issuer"`
	To       string    `json:"to"`
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Until    time.Time `json:"until"`
}

// signIn redirects a browser to an issuer, with the authorization code flow and PKCE (RFC 7636).
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
	s.pruneAttempts(w, r)
	// The cookie must be sent when the issuer's site redirects the browser back here: SameSite=Lax.
	s.put(w, attemptCookie+begun.State, s.seal(kindAttempt, begun), int(attemptTime.Seconds()), http.SameSiteLaxMode)
	at := one.client(provider, s.baseOf(r)).AuthCodeURL(begun.State, oidc.Nonce(begun.Nonce), oauth2.S256ChallengeOption(begun.Verifier))
	redirect(w, at)
}

// stateShape matches what rand.Text returns.
var stateShape = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// pruneAttempts deletes a browser's attempts that are invalid or expired, and its oldest ones where too
// many are in progress.
func (s *Sessions) pruneAttempts(w http.ResponseWriter, r *http.Request) {
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

// client is the OAuth 2.0 configuration of the pages at an issuer.
func (s site) client(provider *identity.Provider, base string) *oauth2.Config {
	endpoint := provider.Endpoint()
	// The style is set, since detecting it by trial could use up the code.
	if endpoint.AuthStyle = oauth2.AuthStyleInHeader; s.secret == "" || provider.SecretInForm {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: s.SignIn.ClientID, ClientSecret: s.secret, Endpoint: endpoint, RedirectURL: base + backPath,
		Scopes: append([]string{oidc.ScopeOpenID}, s.SignIn.Scopes...),
	}
}

// back handles a browser that returns from an issuer: it signs the person in, and redirects to the
// page that the sign-in was for.
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
	redirect(w, s.baseOf(r)+begun.To)
}

func failed(why string) error { return fault.New(fault.SignInFailed, "the sign-in failed: %s", why) }

// finish verifies an issuer's answer against the attempt, and exchanges its code for the caller's
// identity. It fails with SIGN_IN_FAILED, CROSS_SITE, or ROLE_NOT_ALLOWED for a system, and as the
// issuer's client does.
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
	// The parameter iss shows whether another issuer answered (mix-up attack, RFC 9207).
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

// oauthCode is the part of an OAuth error that may be logged: its code. Its text may hold anything.
func oauthCode(err error) string {
	var answered *oauth2.RetrieveError
	if errors.As(err, &answered) && codeShape.MatchString(answered.ErrorCode) {
		return answered.ErrorCode
	}
	return "no answer that is understood"
}

// fail redirects a browser back to the page that the sign-in was for. The page says, in the
// person's language, either to try again later or that the sign-in failed. The log has the details.
func (s *Sessions) fail(w http.ResponseWriter, r *http.Request, begun attempt, err error) {
	s.Logger.WarnContext(r.Context(), "sign-in failed", slog.String("issuer", begun.Issuer), slog.String("error", err.Error()))
	reason := fault.SignInFailed
	if fault.ReasonOf(err) == fault.Unavailable {
		reason = fault.Unavailable
	}
	base := s.baseOf(r)
	if base == "" {
		refuse(w, crossSite())
		return
	}
	redirect(w, base+refusedAt(begun.To, reason))
}

// refusedAt is a page's address with the reason of a failed sign-in in its query.
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

// redirect redirects a browser.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// isPage reports whether an address is that of a page here: a path, without anything that a browser
// could read as another host. The addresses of Path, such as the sign-in itself, are no pages.
func isPage(to string) bool {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || len(to) > maxTo {
		return false
	}
	for i := range len(to) {
		// Browsers read a backslash as a slash, and drop tabs and line ends.
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
