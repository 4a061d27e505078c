package session_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"koppi.internal/gateway/session"
	"koppi.internal/gateway/session/oidctest"
	"koppi.internal/pkg/denylist"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/notify/redistest"
)

const kelaWorker = "kela a benefit_handler kela-17"

// The pages learn of a test environment before and after the sign-in; elsewhere nothing says so.
func TestPagesLearnOfTestEnvironment(t *testing.T) {
	for _, test := range []bool{true, false} {
		s := newFixture(t, how{test: test})
		before := s.send(http.MethodGet, "/session")
		s.signIn("meri", "/")
		for _, got := range []answered{before, s.send(http.MethodGet, "/session"), s.send(http.MethodPost, "/session/extend")} {
			if said, _ := parsed(t, got.body)["testPersons"].(bool); said != test {
				t.Errorf("test environment %t: %s", test, got.body)
			}
		}
	}
}

// A worker signs in at her agency's provider, returns to the page that she wanted, is identified as her agency says, and
// signs out both here and at the provider.
func TestSignIn(t *testing.T) {
	for name, secured := range map[string]bool{"http on this machine": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			s := newFixture(t, how{tls: secured})
			nobody := s.send(http.MethodGet, "/session")
			offered, _ := parsed(t, nobody.body)["signIn"].([]any)
			if nobody.StatusCode != http.StatusUnauthorized || len(offered) != 1 {
				t.Fatalf("%d %s", nobody.StatusCode, nobody.body)
			}
			first, _ := offered[0].(map[string]any)
			if names, _ := first["name"].(map[string]any); names["fi"] != "Kelan kirjautuminen" || names["sv"] != "FPA" || names["en"] != "Kela" || first["issuer"] != s.provider.Issuer {
				t.Errorf("%v", first)
			}
			if at := s.signIn("meri", "/work?mine=1#/first"); at != s.koppi.URL+"/work?mine=1#/first" {
				t.Fatalf("redirected to %s; log: %s", at, s.log)
			}
			if who := s.call(); who != kelaWorker {
				t.Errorf("the caller is %q", who)
			}
			seen := s.send(http.MethodGet, "/session")
			if me := parsed(t, seen.body); me["agency"] != "kela" || me["unit"] != "a" || me["role"] != "benefit_handler" || me["worker"] != "kela-17" || me["expires"] == "" {
				t.Errorf("%s", seen.body)
			}
			out := s.send(http.MethodPost, "/session/sign-out")
			next, _ := parsed(t, out.body)["continue"].(string)
			there := s.send(http.MethodGet, next)
			if out.StatusCode != http.StatusOK || there.StatusCode != http.StatusFound || there.Header.Get("Location") != s.koppi.URL+"/" {
				t.Errorf("%s: %d, redirected to %s", out.body, there.StatusCode, there.Header.Get("Location"))
			}
			if after := s.send(http.MethodGet, "/session"); after.StatusCode != http.StatusUnauthorized {
				t.Errorf("after signing out: %s", after.body)
			}
			for _, secret := range []string{"kela-17", "code=", "state=", oidctest.Secret, "eyJ"} {
				if strings.Contains(s.log.String(), secret) {
					t.Errorf("the log holds %s: %s", secret, s.log)
				}
			}
		})
	}
}

// Scripts, plain HTTP and other sites cannot read the cookie, and no answer is stored.
func TestCookie(t *testing.T) {
	s := newFixture(t, how{tls: true})
	left := s.send(http.MethodGet, "/session/sign-in?issuer="+url.QueryEscape(s.provider.Issuer))
	back := s.send(http.MethodGet, s.atIssuer(mustLocation(t, left), "meri").String())
	for name, test := range map[string]struct {
		answer answered
		cookie string
		site   http.SameSite
		age    int
	}{
		"attempt": {left, "__Host-" + attemptCookie(mustLocation(t, left)), http.SameSiteLaxMode, 600},
		"session": {back, "__Host-koppi", http.SameSiteStrictMode, 0},
	} {
		found := false
		for _, one := range test.answer.Cookies() {
			if one.Name == test.cookie {
				found = true
				if !one.HttpOnly || !one.Secure || one.SameSite != test.site || one.MaxAge != test.age || one.Path != "/" || one.Domain != "" {
					t.Errorf("%s: %+v", name, one)
				}
				if strings.Contains(one.Value, "kela") {
					t.Errorf("%s can be read: %s", name, one.Value)
				}
			}
		}
		if !found || test.answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", name, test.answer.Header)
		}
	}
}

func mustLocation(t *testing.T, from answered) *url.URL {
	t.Helper()
	at, err := from.Location()
	if err != nil {
		t.Fatalf("%s: %v", from.body, err)
	}
	return at
}

// A cookie counts only in requests of Koppi's own pages. A changed cookie, another kind of token, and the cookie of a
// session that was signed out are refused.
func TestSessionIsNotBorrowed(t *testing.T) {
	s := newFixture(t, how{})
	begun := s.toIssuer("/")
	attempt := s.attempt(begun)
	s.send(http.MethodGet, s.atIssuer(begun, "meri").String())
	if who := s.call("Sec-Fetch-Site", "", "Origin", s.koppi.URL); who != kelaWorker {
		t.Fatalf("a page of ours: %q", who)
	}
	for name, headers := range map[string][]string{
		"cross-site":            {"Sec-Fetch-Site", "cross-site"},
		"same-site":             {"Sec-Fetch-Site", "same-site"},
		"typed":                 {"Sec-Fetch-Site", "none"},
		"no word of a browser":  {"Sec-Fetch-Site", ""},
		"another origin":        {"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		"the same, other port":  {"Sec-Fetch-Site", "", "Origin", "http://127.0.0.1:1"},
		"an origin that is not": {"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		if got := s.call(headers...); got != string(fault.CrossSite) {
			t.Errorf("%s: %q", name, got)
		}
		if out := s.send(http.MethodPost, "/session/sign-out", headers...); out.StatusCode != http.StatusForbidden {
			t.Errorf("%s signs out: %d", name, out.StatusCode)
		}
	}
	held := s.cookie("koppi")
	for name, value := range map[string]string{
		"changed": held[:len(held)/2] + flipped(held[len(held)/2]) + held[len(held)/2+1:], "cut": held[:len(held)-4], "empty": "", "of a sign-in": attempt,
		"of another kind": s.secrets.Token("case", "", []byte(`{}`)),
	} {
		if got := s.with(value); got != string(fault.SessionEnded) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := s.with(held); got != kelaWorker {
		t.Fatalf("the cookie itself: %q", got)
	}
	s.send(http.MethodPost, "/session/sign-out")
	if got := s.with(held); got != string(fault.SessionEnded) {
		t.Errorf("a copy works after signing out: %q", got)
	}
}

func flipped(character byte) string {
	if character == 'A' {
		return "B"
	}
	return "A"
}

// with calls with another cookie than that of the browser.
func (s *fixture) with(cookie string) string {
	s.t.Helper()
	jar := s.browser.Jar
	defer func() { s.browser.Jar = jar }()
	s.browser.Jar = nil
	return s.call("Cookie", "koppi="+cookie)
}

// A sign-in begins a new session, and ends the session that the browser had before.
func TestSessionIsRotated(t *testing.T) {
	s := newFixture(t, how{})
	s.signIn("meri", "/")
	first := s.cookie("koppi")
	s.signIn("meri", "/")
	if second := s.cookie("koppi"); second == first || s.with(second) != kelaWorker {
		t.Error("the second sign-in has no session of its own")
	}
	if got := s.with(first); got != string(fault.SessionEnded) {
		t.Errorf("the first session did not end: %q", got)
	}
}

// A session without activity ends, reading who is signed in is no activity, and no session outlasts its token.
func TestSessionEnds(t *testing.T) {
	s := newFixture(t, how{})
	s.signIn("meri", "/")
	s.clock.move(29 * time.Minute)
	if who := s.call(); who != kelaWorker {
		t.Fatalf("after 29 min: %q", who)
	}
	s.clock.move(20 * time.Minute)
	s.send(http.MethodGet, "/session")
	s.clock.move(9 * time.Minute)
	if who := s.call(); who != kelaWorker {
		t.Fatalf("29 min after the last call: %q", who)
	}
	s.clock.move(2*time.Minute + time.Second)
	if who := s.call(); who != string(fault.SessionEnded) {
		t.Errorf("after the token's hour: %q", who)
	}
	s.signInByToken(12 * time.Hour)
	for range 24 {
		s.clock.move(25 * time.Minute)
		s.call()
	}
	if who := s.call(); who != string(fault.SessionEnded) {
		t.Errorf("after ten hours: %q", who)
	}
	s.signInByToken(12 * time.Hour)
	s.clock.move(20 * time.Minute)
	s.send(http.MethodGet, "/session")
	s.clock.move(10*time.Minute + time.Second)
	if who := s.call(); who != string(fault.SessionEnded) {
		t.Errorf("idle for half an hour: %q", who)
	}
}

// signInByToken signs the browser in by a token of this life.
func (s *fixture) signInByToken(life time.Duration) {
	s.t.Helper()
	open, err := session.Settings{BaseURL: s.koppi.URL, SignInByBearer: true}.Open(s.sessions.Config)
	if err != nil {
		s.t.Fatal(err)
	}
	token := s.provider.Sign(with(with(meri, "iat", s.clock.now().Unix()), "exp", s.clock.now().Add(life).Unix()))
	was := s.sessions
	*s.sessions = *open
	if in := s.send(http.MethodPost, "/session", "Authorization", "Bearer "+token); in.StatusCode != http.StatusOK {
		s.t.Fatalf("%d %s", in.StatusCode, in.body)
	}
	s.sessions = was
}

func with(claims map[string]any, name string, value any) map[string]any {
	changed := map[string]any{name: value}
	for key, one := range claims {
		if key != name {
			changed[key] = one
		}
	}
	return changed
}

// A token is exchanged for a session only if that is enabled, not from another site, and not for a system.
func TestByBearer(t *testing.T) {
	s := newFixture(t, how{})
	if got := s.send(http.MethodPost, "/session", "Authorization", "Bearer "+s.provider.Sign(meri)); got.StatusCode != http.StatusNotFound || s.cookie("koppi") != "" {
		t.Errorf("not set: %d %s", got.StatusCode, got.body)
	}
	s = newFixture(t, how{settings: func(settings *session.Settings) { settings.SignInByBearer = true }})
	good := "Bearer " + s.provider.Sign(meri)
	system := with(with(meri, "realm_access", map[string]any{"roles": "kone"}), "units", nil)
	for name, test := range map[string]struct {
		headers []string
		want    fault.Reason
	}{
		"nothing":      {nil, fault.TokenRequired},
		"another site": {[]string{"Authorization", good, "Sec-Fetch-Site", "cross-site"}, fault.CrossSite},
		"broken":       {[]string{"Authorization", good + "x"}, fault.TokenInvalid},
		"a system":     {[]string{"Authorization", "Bearer " + s.provider.Sign(system)}, fault.RoleNotAllowed},
	} {
		got := s.send(http.MethodPost, "/session", test.headers...)
		if parsed(t, got.body)["reason"] != string(test.want) || s.cookie("koppi") != "" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := s.send(http.MethodPost, "/session", "Authorization", good); got.StatusCode != http.StatusOK || s.call() != kelaWorker {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// A leader's name and profession come from her provider, are in the session, and are in no log. A session that was begun
// before sessions held them has neither.
func TestSignInOfLeader(t *testing.T) {
	s := newFixture(t, how{issuer: func(c *identity.IssuerConfig) {
		c.Claims.Profession = "profession"
		c.Roles["esihenkilo"] = identity.RoleTeamLeader
	}})
	s.provider.Know("taina", with(with(with(meri, "name", "Taina Lähi"), "profession", "kasittelija"), "realm_access", map[string]any{"roles": []string{"esihenkilo"}}))
	s.signIn("taina", "/")
	if who := s.call(); who != "kela a team_leader kela-17" {
		t.Errorf("the caller is %q", who)
	}
	seen := s.send(http.MethodGet, "/session")
	if me := parsed(t, seen.body); me["name"] != "Taina Lähi" || me["profession"] != "benefit_handler" || me["role"] != "team_leader" {
		t.Errorf("%s", seen.body)
	}
	if strings.Contains(s.log.String(), "Taina") {
		t.Errorf("the log holds a name: %s", s.log)
	}
	at, err := url.Parse(s.koppi.URL)
	if err != nil {
		t.Fatal(err)
	}
	now := s.clock.now().UTC().Format(time.RFC3339)
	ends := s.clock.now().UTC().Add(time.Hour).Format(time.RFC3339)
	older := fmt.Sprintf(`{"id":"X","caller":{"Agency":"kela","Unit":"a","Worker":"kela-17","Role":"benefit_handler","Issuer":%q,"Expires":%q},"seen":%q,"ends":%q}`,
		s.provider.Issuer, ends, now, ends)
	s.browser = s.newBrowser()
	s.browser.Jar.SetCookies(at, []*http.Cookie{{Name: "koppi", Value: s.secrets.Token("session", "", []byte(older)), Path: "/"}})
	seen = s.send(http.MethodGet, "/session")
	if me := parsed(t, seen.body); s.call() != kelaWorker || me["name"] != nil || me["profession"] != nil {
		t.Errorf("a session of before: %s", seen.body)
	}
}

// A session is refused once its issuer was removed from the configuration, or its agency from the issuer.
func TestSessionFollowsConfiguration(t *testing.T) {
	s := newFixture(t, how{})
	s.signIn("meri", "/")
	narrower := s.config
	narrower.Agencies, narrower.Units = []string{"hva"}, nil
	for name, verifier := range map[string]*identity.Verifier{"no issuer": s.verify(), "another agency": s.verify(narrower)} {
		s.sessions.Verifier = verifier
		if got := s.call(); got != string(fault.SessionEnded) {
			t.Errorf("%s: %q", name, got)
		}
	}
	s.sessions.Verifier = s.verifier
	if got := s.call(); got != kelaWorker {
		t.Errorf("with the configuration as before: %q", got)
	}
}

// A session that was signed out at one replica is refused at another. While Redis is down, a session that was not signed
// out here is accepted, but not extended.
func TestSignedOutElsewhere(t *testing.T) {
	server := redistest.Start(t)
	here, err := denylist.New(server.Client())
	if err != nil {
		t.Fatal(err)
	}
	there, err := denylist.New(server.Client())
	if err != nil {
		t.Fatal(err)
	}
	s := newFixture(t, how{denied: here})
	s.signIn("meri", "/")
	held := s.cookie("koppi")
	s.send(http.MethodPost, "/session/sign-out")
	s.sessions.Denylist = there
	if got := s.with(held); got != string(fault.SessionEnded) {
		t.Errorf("another replica: %q", got)
	}
	s.signIn("meri", "/")
	s.clock.move(2 * time.Minute)
	before := s.cookie("koppi")
	if s.call() != kelaWorker || s.cookie("koppi") == before {
		t.Error("a session is not extended")
	}
	server.Down()
	s.clock.move(2 * time.Minute)
	before = s.cookie("koppi")
	if got := s.call(); got != kelaWorker || s.cookie("koppi") != before {
		t.Errorf("without Redis: %q", got)
	}
	s.send(http.MethodPost, "/session/sign-out")
	if got := s.with(before); got != string(fault.SessionEnded) {
		t.Errorf("signed out here without Redis: %q", got)
	}
}

// Incomplete settings are refused.
func TestSettingsRefused(t *testing.T) {
	s := newFixture(t, how{})
	for name, settings := range map[string]session.Settings{
		"no base": {}, "plain http": {BaseURL: "http://koppi.example.fi"}, "a path": {BaseURL: "https://koppi.example.fi/a"},
		"a user": {BaseURL: "https://a@koppi.example.fi"}, "no host": {BaseURL: "https:///"}, "no URL": {BaseURL: "koppi.example.fi"},
	} {
		if _, err := settings.Open(s.sessions.Config); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
	config := s.sessions.Config
	config.Verifier = s.verify()
	if _, err := (session.Settings{SignInByBearer: true}).Open(config); err == nil {
		t.Error("bearer sign-in without a base URL: not refused")
	}
	missing := s.config
	missing.SignIn = &identity.SignIn{ClientID: "x", SecretFile: "/nowhere", Name: s.config.SignIn.Name}
	config.Verifier = s.verify(missing)
	if _, err := (session.Settings{BaseURL: s.koppi.URL}).Open(config); err == nil {
		t.Error("a missing secret: not refused")
	}
}
