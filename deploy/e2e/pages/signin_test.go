package pages

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"koppi.internal/deploy/config"
	"koppi.internal/gateway/session"
	"koppi.internal/gateway/session/oidctest"
	"koppi.internal/pkg/denylist"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

// A real browser returns from an identity provider on another site with a session that works from
// Koppi's own pages, that scripts cannot read, and that another site cannot use.
func TestSignInInABrowser(t *testing.T) {
	var handler http.Handler
	koppi := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(koppi.Close)
	provider := oidctest.Start(t, koppi.URL)
	provider.Know("meri", map[string]any{"koppi_role": "benefit_handler"})
	calls := make(chan string, 8)
	handler = signedIn(t, provider, calls)

	page := browser(t, 1280, 900)
	do(t, page, "sign in at the provider", chromedp.Navigate(koppi.URL+"/session/sign-in?to=/work&issuer="+url.QueryEscape(provider.Issuer)),
		chromedp.WaitVisible("#username"), chromedp.SendKeys("#username", "meri"), chromedp.SendKeys("#password", oidctest.Password), chromedp.Click("button"),
		chromedp.WaitVisible("#ours"))
	var at, readable, who string
	do(t, page, "look", chromedp.Location(&at), chromedp.Evaluate(`document.cookie`, &readable),
		chromedp.Evaluate(`fetch("/call", {method: "POST"}).then(answer => answer.text())`, &who, awaited))
	if at != koppi.URL+"/work" || readable != "" || who != "kela meri" || <-calls != who {
		t.Errorf("at %s, scripts read %q, the call is of %q", at, readable, who)
	}
	do(t, page, "call from another site", chromedp.Navigate(provider.Issuer+"/logged-out"),
		chromedp.Evaluate(`fetch("`+koppi.URL+`/call", {method: "POST", mode: "no-cors", credentials: "include"}).then(() => "")`, &who, awaited))
	if got := <-calls; got != "nobody" && got != string(fault.CrossSite) {
		t.Errorf("another site calls as %q", got)
	}
	do(t, page, "come by a link, and sign out", chromedp.Evaluate(`location = "`+koppi.URL+`/work"; ""`, &who), chromedp.WaitVisible("#ours"),
		chromedp.Evaluate(`fetch("/call", {method: "POST"}).then(answer => answer.text())`, &who, awaited))
	if who != "kela meri" {
		t.Errorf("after a link from another site the call is of %q", who)
	}
	do(t, page, "sign out", chromedp.Evaluate(`fetch("/session/sign-out", {method: "POST"}).then(() => fetch("/call", {method: "POST"})).then(answer => answer.text())`, &who, awaited))
	if who != "nobody" {
		t.Errorf("after signing out the call is of %q", who)
	}
}

func awaited(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// signedIn serves sessions of a provider's people, a page, and a call that says who makes
// it.
func signedIn(t *testing.T, provider *oidctest.Provider, calls chan<- string) http.Handler {
	t.Helper()
	folder := t.TempDir()
	agencies, err := directory.Parse(config.Directory)
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(folder, "secret")
	if err := os.WriteFile(secret, []byte(oidctest.Secret), 0o600); err != nil {
		t.Fatal(err)
	}
	secrets, err := identity.OpenSecrets(folder)
	if err != nil {
		t.Fatal(err)
	}
	denied, err := denylist.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := identity.NewVerifier(identity.VerifierConfig{Audience: identity.Audience, Directory: agencies, Now: time.Now, Issuers: []identity.IssuerConfig{{
		Issuer: provider.Issuer, Discovery: true, Agencies: []string{"kela"}, Agency: "kela",
		SignIn: &identity.SignIn{ClientID: oidctest.Client, SecretFile: secret, Name: identity.Names{Fi: "K", Sv: "F", En: "K"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := session.Settings{}.Open(session.Config{Verifier: verifier, Secrets: secrets, Denylist: denied, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Dev: true})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/session", sessions.Handler())
	mux.Handle("/session/", sessions.Handler())
	mux.HandleFunc("/work", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><title>Koppi</title><p id="ours">Koppi</p>`)
	})
	mux.HandleFunc("/call", func(w http.ResponseWriter, r *http.Request) {
		caller, there, err := sessions.Caller(r)
		who := strings.TrimSpace(caller.Agency + " " + caller.Worker)
		if !there {
			who = "nobody"
		}
		if err != nil {
			who = string(fault.ReasonOf(err))
		}
		calls <- who
		_, _ = io.WriteString(w, who)
	})
	return mux
}
