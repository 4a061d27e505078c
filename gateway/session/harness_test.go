package session_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"koppi.internal/gateway/session"
	"koppi.internal/gateway/session/oidctest"
	"koppi.internal/pkg/denylist"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
)

const agencies = `{"agencies":[
 {"agency":"kela","kind":"BENEFITS","names":{"fi":"K","sv":"F","en":"S"},"units":[{"unit":"a","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"]}],"noConsentProfile":"MINIMAL"},
 {"agency":"hva","kind":"SOCIAL_SERVICES","names":{"fi":"H","sv":"V","en":"W"},"units":[{"unit":"b","names":{"fi":"B","sv":"B","en":"B"},"languages":["fi"]}],"noConsentProfile":"NECESSARY"}]}`

// meri is a worker as her provider describes her.
var meri = map[string]any{
	"preferred_username": "kela-17", "org": map[string]any{"code": "kela"}, "units": []string{"etuus-1"},
	"realm_access": map[string]any{"roles": []string{"offline_access", "kasittelija"}},
}

// clock is a wall clock that can be moved.
type clock struct {
	mu    sync.Mutex
	moved time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.moved)
}

func (c *clock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved += by
}

// log is what was logged.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// fixture is Koppi's pages, a provider, and a browser that uses both.
type fixture struct {
	t        *testing.T
	provider *oidctest.Provider
	// config is Koppi's configuration of the provider.
	config   identity.IssuerConfig
	verifier *identity.Verifier
	sessions *session.Sessions
	secrets  *identity.Secrets
	denied   *denylist.Denylist
	koppi    *httptest.Server
	browser  *http.Client
	clock    *clock
	log      *log
}

// how a fixture differs from the default one.
type how struct {
	tls      bool
	issuer   func(*identity.IssuerConfig)
	settings func(*session.Settings)
	denied   *denylist.Denylist
	dev      bool
	test     bool
}

func newFixture(t *testing.T, how how) *fixture {
	t.Helper()
	s := &fixture{t: t, clock: &clock{}, log: &log{}, denied: how.denied}
	var handler http.Handler
	s.koppi = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	if how.tls {
		s.koppi.StartTLS()
	} else {
		s.koppi.Start()
	}
	t.Cleanup(s.koppi.Close)
	s.provider = oidctest.Start(t, s.koppi.URL)
	s.provider.Know("meri", meri)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(oidctest.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.config = identity.IssuerConfig{
		Issuer: s.provider.Issuer, Discovery: true, Agencies: []string{"kela"},
		Claims: identity.Claims{Agency: "org.code", Unit: "units", Role: "realm_access.roles", Worker: "preferred_username"},
		Roles:  map[string]identity.Role{"kasittelija": identity.RoleBenefitHandler, "asiakas": identity.RoleClient, "kone": identity.RoleSystem},
		Units:  map[string]string{"etuus-1": "a"},
		SignIn: &identity.SignIn{ClientID: oidctest.Client, SecretFile: secret, Scopes: []string{"profile"}, Name: identity.Names{Fi: "Kelan kirjautuminen", Sv: "FPA", En: "Kela"}},
	}
	if how.issuer != nil {
		how.issuer(&s.config)
	}
	var err error
	if s.secrets, err = identity.OpenSecrets(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if s.denied == nil {
		if s.denied, err = denylist.New(nil); err != nil {
			t.Fatal(err)
		}
	}
	s.verifier = s.verify(s.config)
	settings := session.Settings{BaseURL: s.koppi.URL}
	if how.settings != nil {
		how.settings(&settings)
	}
	s.sessions, err = settings.Open(session.Config{
		Verifier: s.verifier, Secrets: s.secrets, Denylist: s.denied, Logger: slog.New(slog.NewJSONHandler(s.log, nil)), Now: s.clock.now, Dev: how.dev, TestPersons: how.test,
	})
	if err != nil {
		t.Fatal(err)
	}
	handler = s.served()
	s.browser = s.newBrowser()
	return s
}

func known(t *testing.T) *directory.Directory {
	t.Helper()
	known, err := directory.Parse([]byte(agencies))
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// verify is a verifier that trusts these issuers.
func (s *fixture) verify(issuers ...identity.IssuerConfig) *identity.Verifier {
	s.t.Helper()
	verifier, err := identity.NewVerifier(identity.VerifierConfig{
		Audience: identity.Audience, Issuers: issuers, Directory: known(s.t), Now: s.clock.now, Secrets: s.secrets, Persons: idcode.AllPersons,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return verifier
}

// served serves sessions, pages and a call.
func (s *fixture) served() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/session", s.sessions.Handler())
	mux.Handle("/session/", s.sessions.Handler())
	mux.Handle("/call", s.sessions.Extend(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, there, err := s.sessions.Caller(r)
		if err != nil || !there {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, string(fault.ReasonOf(err)))
			return
		}
		_, _ = io.WriteString(w, caller.Agency+" "+caller.Unit+" "+string(caller.Role)+" "+caller.Worker)
	})))
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	return mux
}

func (s *fixture) newBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &http.Client{
		Jar: jar, Transport: s.koppi.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answered is an answer with its body.
type answered struct {
	*http.Response
	body string
}

// send sends a request as a page of Koppi's does, unless the headers say otherwise.
func (s *fixture) send(method, address string, headers ...string) answered {
	s.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = s.koppi.URL + address
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, address, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i < len(headers); i += 2 {
		if request.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			request.Header.Del(headers[i])
		}
	}
	response, err := s.browser.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answered{response, string(body)}
}

// toIssuer begins a sign-in, and is the address at the issuer to which the browser is redirected.
func (s *fixture) toIssuer(to string) *url.URL {
	s.t.Helper()
	left := s.send(http.MethodGet, "/session/sign-in?issuer="+url.QueryEscape(s.provider.Issuer)+"&to="+url.QueryEscape(to), "Sec-Fetch-Site", "none")
	at, err := left.Location()
	if err != nil || left.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("%d %s: %v", left.StatusCode, left.body, err)
	}
	return at
}

// atIssuer signs a person in at the issuer, and is the address to which the issuer redirects back.
func (s *fixture) atIssuer(at *url.URL, person string) *url.URL {
	s.t.Helper()
	page, err := s.send(http.MethodGet, at.String(), "Sec-Fetch-Site", "cross-site").Location()
	if err != nil {
		s.t.Fatal(err)
	}
	form := url.Values{"username": {person}, "password": {oidctest.Password}, "id": {page.Query().Get("authRequestID")}}
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, at.Scheme+"://"+at.Host+"/login/username", strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	in, err := s.browser.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = in.Body.Close()
	next, err := in.Location()
	if err != nil {
		s.t.Fatal(err)
	}
	back, err := s.send(http.MethodGet, next.String()).Location()
	if err != nil {
		s.t.Fatal(err)
	}
	return back
}

// signIn signs a person in, and is the address at which the browser arrives.
func (s *fixture) signIn(person, to string) string {
	s.t.Helper()
	back := s.atIssuer(s.toIssuer(to), person)
	return s.send(http.MethodGet, back.String(), "Sec-Fetch-Site", "cross-site").Header.Get("Location")
}

// call calls as a page does, and is the body of the answer.
func (s *fixture) call(headers ...string) string {
	s.t.Helper()
	return s.send(http.MethodPost, "/call", headers...).body
}

// cookie is the value of the browser's cookie of a name.
func (s *fixture) cookie(name string) string {
	s.t.Helper()
	at, err := url.Parse(s.koppi.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, one := range s.browser.Jar.Cookies(at) {
		if one.Name == name {
			return one.Value
		}
	}
	return ""
}

// parsed is the content of a JSON answer.
func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return all
}
