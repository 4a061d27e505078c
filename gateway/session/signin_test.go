package session_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"koppi.internal/gateway/session/oidctest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
)

// The issuer's answer counts once, and only for the sign-in that this browser began.
func TestSignInIsBound(t *testing.T) {
	s := newFixture(t, how{})
	refused := s.koppi.URL + "/?refused=SIGN_IN_FAILED"
	changed := func(name, value string) func(*url.URL) {
		return func(back *url.URL) {
			query := back.Query()
			if query.Set(name, value); value == "" {
				query.Del(name)
			}
			back.RawQuery = query.Encode()
		}
	}
	for name, tamper := range map[string]func(*url.URL){
		"state of another": changed("state", "AAAAAAAAAAAAAAAAAAAAAAAAAA"),
		"no state":         changed("state", ""),
		"code of another":  changed("code", "AAAA"),
		"no code":          changed("code", ""),
		"an error":         changed("error", "access_denied"),
		"another issuer":   changed("iss", "https://evil.example"),
		"another browser":  func(*url.URL) { s.browser = s.newBrowser() },
		"a state reshaped": changed("state", "A; koppi=B"),
		"another's sign-in": func(back *url.URL) {
			query := back.Query()
			query.Set("state", s.toIssuer("/").Query().Get("state"))
			back.RawQuery = query.Encode()
		},
		"after eleven minutes": func(*url.URL) { s.clock.move(11 * time.Minute) },
		"a changed cookie":     func(back *url.URL) { s.putAttempt(t, back, s.attempt(back)+"A") },
		"a session's cookie":   func(back *url.URL) { s.putAttempt(t, back, s.secrets.Token("session", "", []byte(`{}`))) },
	} {
		s.browser = s.newBrowser()
		back := s.atIssuer(s.toIssuer("/"), "meri")
		tamper(back)
		if got := s.send(http.MethodGet, back.String(), "Sec-Fetch-Site", "cross-site"); got.Header.Get("Location") != refused || s.cookie("koppi") != "" {
			t.Errorf("%s: redirected to %s", name, got.Header.Get("Location"))
		}
	}
	back := s.atIssuer(s.toIssuer("/"), "meri")
	attempt := s.attempt(back)
	if got := s.send(http.MethodGet, back.String()); got.Header.Get("Location") != s.koppi.URL+"/" {
		t.Fatalf("redirected to %s; log: %s", got.Header.Get("Location"), s.log)
	}
	if s.attempt(back) != "" {
		t.Error("the sign-in's cookie was not deleted")
	}
	s.browser = s.newBrowser()
	s.putAttempt(t, back, attempt)
	if got := s.send(http.MethodGet, back.String()); got.Header.Get("Location") != refused {
		t.Errorf("the same answer again redirects to %s", got.Header.Get("Location"))
	}
}

// attempt is the cookie of the sign-in that an address names.
func (s *fixture) attempt(at *url.URL) string {
	s.t.Helper()
	return s.cookie(attemptCookie(at))
}

func attemptCookie(at *url.URL) string { return "koppi-sign-in-" + at.Query().Get("state") }

// attempts is how many sign-ins of this browser are in progress.
func (s *fixture) attempts() int {
	s.t.Helper()
	at, err := url.Parse(s.koppi.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	count := 0
	for _, one := range s.browser.Jar.Cookies(at) {
		if strings.HasPrefix(one.Name, "koppi-sign-in-") {
			count++
		}
	}
	return count
}

// Two tabs of one browser begin to sign in before either has finished: in either order, both arrive at their own page
// and are signed in.
func TestTwoTabsSignIn(t *testing.T) {
	for name, order := range map[string][2]int{"as they began": {0, 1}, "the other way round": {1, 0}} {
		s := newFixture(t, how{})
		begun := [2]*url.URL{s.toIssuer("/work?show=overdue"), s.toIssuer("/new/referral?from=concerns/1")}
		pages := [2]string{"/work?show=overdue", "/new/referral?from=concerns/1"}
		for _, tab := range order {
			back := s.atIssuer(begun[tab], "meri")
			if got := s.send(http.MethodGet, back.String(), "Sec-Fetch-Site", "cross-site"); got.Header.Get("Location") != s.koppi.URL+pages[tab] {
				t.Errorf("%s: tab %d is redirected to %s; log: %s", name, tab, got.Header.Get("Location"), s.log)
			}
			if said := s.call(); said != "kela a benefit_handler kela-17" {
				t.Errorf("%s: after tab %d: %s", name, tab, said)
			}
		}
		if s.attempts() != 0 {
			t.Errorf("%s: %d cookies of sign-ins were not deleted", name, s.attempts())
		}
	}
}

// A browser keeps only the latest of the sign-ins that it began and left, and they can be finished.
func TestSignInsOfOneBrowserAreBounded(t *testing.T) {
	s := newFixture(t, how{})
	var begun []*url.URL
	for range 8 {
		s.clock.move(time.Second)
		begun = append(begun, s.toIssuer("/"))
	}
	if s.attempts() != 5 || s.attempt(begun[2]) != "" || s.attempt(begun[3]) == "" {
		t.Fatalf("%d sign-ins are kept", s.attempts())
	}
	back := s.atIssuer(begun[3], "meri")
	if got := s.send(http.MethodGet, back.String()); got.Header.Get("Location") != s.koppi.URL+"/" {
		t.Errorf("redirected to %s; log: %s", got.Header.Get("Location"), s.log)
	}
	s.clock.move(11 * time.Minute)
	if s.toIssuer("/"); s.attempts() != 1 {
		t.Errorf("%d sign-ins are kept after they ended", s.attempts())
	}
}

// After a sign-in that failed, the browser is at the page that the sign-in was for, with the reason.
func TestRefusedSignInKeepsThePage(t *testing.T) {
	s := newFixture(t, how{})
	back := s.atIssuer(s.toIssuer("/new/referral?from=concerns/1"), "meri")
	query := back.Query()
	query.Set("code", "AAAA")
	back.RawQuery = query.Encode()
	if got := s.send(http.MethodGet, back.String()).Header.Get("Location"); got != s.koppi.URL+"/new/referral?from=concerns%2F1&refused=SIGN_IN_FAILED" {
		t.Errorf("redirected to %s", got)
	}
}

// putAttempt gives the browser the cookie of the sign-in that an address names.
func (s *fixture) putAttempt(t *testing.T, of *url.URL, value string) {
	t.Helper()
	at, err := url.Parse(s.koppi.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.browser.Jar.SetCookies(at, []*http.Cookie{{Name: attemptCookie(of), Value: value, Path: "/"}})
}

// A code is useless to a caller that cannot prove that it requested the code (PKCE), and a token of another sign-in is
// refused by its nonce.
func TestCodeAndNonceAreBound(t *testing.T) {
	s := newFixture(t, how{})
	for name, change := range map[string]func(url.Values){
		"challenge of another": func(query url.Values) { query.Set("code_challenge", strings.Repeat("A", 43)) },
		"another nonce":        func(query url.Values) { query.Set("nonce", "another") },
		"no nonce":             func(query url.Values) { query.Del("nonce") },
	} {
		at := s.toIssuer("/")
		query := at.Query()
		if query.Get("code_challenge_method") != "S256" || len(query.Get("nonce")) < 20 || len(query.Get("state")) < 20 {
			t.Fatalf("%v", query)
		}
		change(query)
		at.RawQuery = query.Encode()
		got := s.send(http.MethodGet, s.atIssuer(at, "meri").String())
		if got.Header.Get("Location") != s.koppi.URL+"/?refused=SIGN_IN_FAILED" || s.cookie("koppi") != "" {
			t.Errorf("%s: redirected to %s", name, got.Header.Get("Location"))
		}
	}
}

// A sign-in redirects to no other site.
func TestNoOpenRedirect(t *testing.T) {
	s := newFixture(t, how{})
	for _, to := range []string{
		"//evil.example", `/\evil.example`, `\\evil.example`, "https://evil.example", "javascript:alert(1)", "evil.example", "/\t/evil.example", "/a\r\nX: y",
		"/session/sign-in?issuer=x", "/./session/sign-out", "/" + strings.Repeat("a", 3000), "http:/evil.example", " /a", "/ä",
	} {
		got := s.send(http.MethodGet, "/session/sign-in?issuer="+url.QueryEscape(s.provider.Issuer)+"&to="+url.QueryEscape(to))
		if got.StatusCode != http.StatusBadRequest || s.attempts() != 0 {
			t.Errorf("%q: %d %s", to, got.StatusCode, got.Header.Get("Location"))
		}
	}
	if got := s.send(http.MethodGet, "/session/sign-in?issuer=https://evil.example"); got.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown issuer: %d", got.StatusCode)
	}
	if at := s.signIn("meri", "/a//evil.example?to=//evil"); at != s.koppi.URL+"/a//evil.example?to=//evil" {
		t.Errorf("a page of ours: redirected to %s", at)
	}
}

// A person who has not exactly one role and one unit here is not signed in.
func TestSignInWithoutRole(t *testing.T) {
	s := newFixture(t, how{})
	for name, claims := range map[string]map[string]any{
		"no role":           with(meri, "realm_access", map[string]any{"roles": []string{"offline_access"}}),
		"two roles":         with(meri, "realm_access", map[string]any{"roles": []string{"kasittelija", "kone"}}),
		"a role unmapped":   with(meri, "realm_access", map[string]any{"roles": "benefit_handler"}),
		"a unit unmapped":   with(meri, "units", []string{"a"}),
		"another's agency":  with(meri, "org", map[string]any{"code": "hva"}),
		"no agency":         with(meri, "org", nil),
		"a system":          with(meri, "realm_access", map[string]any{"roles": "kone"}),
		"a client":          with(meri, "realm_access", map[string]any{"roles": "asiakas"}),
		"a code for a name": with(meri, "preferred_username", "010594Y9032"),
	} {
		s.provider.Know("nobody", claims)
		if at := s.signIn("nobody", "/"); at != s.koppi.URL+"/?refused=SIGN_IN_FAILED" || s.cookie("koppi") != "" {
			t.Errorf("%s: redirected to %s", name, at)
		}
	}
	if strings.Contains(s.log.String(), "010594") {
		t.Errorf("the log holds a code: %s", s.log)
	}
}

// A client signs in by the identity code that a provider asserts, and Koppi knows the client by the internal id from
// then on.
func TestClientSignsIn(t *testing.T) {
	s := newFixture(t, how{issuer: func(config *identity.IssuerConfig) {
		config.Agencies, config.Units, config.Roles, config.Clients = nil, nil, nil, true
		config.Role, config.Claims = identity.RoleClient, identity.Claims{Code: "urn:oid:1.2.246.21"}
	}})
	s.provider.Know("aino", map[string]any{"urn:oid:1.2.246.21": "010594Y9032", "name": "Aino Asiakas"})
	s.provider.Know("nobody", map[string]any{"urn:oid:1.2.246.21": "010594Y9033"})
	if at := s.signIn("nobody", "/"); at != s.koppi.URL+"/?refused=SIGN_IN_FAILED" {
		t.Errorf("an invalid identity code: redirected to %s", at)
	}
	if at := s.signIn("aino", "/"); at != s.koppi.URL+"/" {
		t.Fatalf("redirected to %s; log: %s", at, s.log)
	}
	code, err := idcode.Parse("010594Y9032", idcode.AllPersons, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	sealed, ok := s.secrets.OpenToken("session", "", s.cookie("koppi"))
	if !ok || !strings.Contains(string(sealed), s.secrets.ClientID(code)) {
		t.Errorf("%s is not of the client", sealed)
	}
	for _, text := range []string{string(sealed), s.log.String(), s.send(http.MethodGet, "/session").body} {
		if strings.Contains(text, "010594") || strings.Contains(text, "Aino") {
			t.Errorf("it holds who the client is: %s", text)
		}
	}
	strict, err := identity.NewVerifier(identity.VerifierConfig{Audience: "koppi", Issuers: []identity.IssuerConfig{s.config}, Directory: known(t), Now: time.Now, Secrets: s.secrets})
	if err != nil {
		t.Fatal(err)
	}
	token := s.provider.Sign(map[string]any{"sub": "aino", "urn:oid:1.2.246.21": "010594Y9032"})
	if _, err := strict.Verify(t.Context(), token); fault.ReasonOf(err) != fault.TokenInvalid {
		t.Errorf("a test person outside of trials: %v", err)
	}
}

// While the provider is down, a sign-in fails with UNAVAILABLE; when it is up again, the person is signed in.
func TestSignInWhileTheProviderIsDown(t *testing.T) {
	s := newFixture(t, how{})
	s.provider.Down()
	sent := "/session/sign-in?issuer=" + url.QueryEscape(s.provider.Issuer)
	if got := s.send(http.MethodGet, sent); got.Header.Get("Location") != s.koppi.URL+"/?refused=UNAVAILABLE" {
		t.Errorf("redirected to %s", got.Header.Get("Location"))
	}
	s.provider.Up()
	s.clock.move(10 * time.Second)
	if at := s.signIn("meri", "/"); at != s.koppi.URL+"/" {
		t.Errorf("redirected to %s; log: %s", at, s.log)
	}
	out := s.send(http.MethodPost, "/session/sign-out")
	s.provider.Down()
	if out.StatusCode != http.StatusOK || s.cookie("koppi") != "" {
		t.Errorf("%d %s", out.StatusCode, out.body)
	}
}

// A token that was issued to the pages is no bearer token, because it has another audience.
func TestSignInTokenIsNoBearerToken(t *testing.T) {
	s := newFixture(t, how{})
	token := s.provider.Sign(with(meri, "aud", oidctest.Client))
	if _, err := s.verifier.Verify(t.Context(), token); fault.ReasonOf(err) != fault.TokenInvalid {
		t.Errorf("%v", err)
	}
	for name, claims := range map[string]map[string]any{
		"another nonce":      {"nonce": "b"},
		"no nonce":           {},
		"of another party":   {"nonce": "a", "azp": "another"},
		"of several":         {"nonce": "a", "aud": []string{oidctest.Client, "another"}},
		"for another":        {"nonce": "a", "aud": "koppi"},
		"without an end":     {"nonce": "a", "exp": nil},
		"of another issuer":  {"nonce": "a", "iss": "https://another.example"},
		"not yet":            {"nonce": "a", "nbf": time.Now().Add(time.Hour).Unix()},
		"that ended":         {"nonce": "a", "exp": time.Now().Add(-time.Minute).Unix()},
		"nonce of no string": {"nonce": 1},
	} {
		all := with(meri, "aud", oidctest.Client)
		for claim, value := range claims {
			all[claim] = value
		}
		if _, err := s.verifier.SignedIn(t.Context(), s.provider.Issuer, s.provider.Sign(all), "a"); err == nil {
			t.Errorf("a token %s is accepted", name)
		}
	}
	all := with(meri, "aud", oidctest.Client)
	all["nonce"] = "a"
	if _, err := s.verifier.SignedIn(t.Context(), s.provider.Issuer, s.provider.Sign(all), "a"); err != nil {
		t.Error(err)
	}
}

// unsigned is a token without a valid signature.
func unsigned(t *testing.T, header string, claims map[string]any) string {
	t.Helper()
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(text)
}
