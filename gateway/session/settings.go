// Package session signs people in to the pages: at their agency's OpenID provider, by authorization
// code, or with a bearer token that they already have. The pages then send a cookie that scripts
// cannot read, and that counts only in requests from Koppi's own pages.
package session

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"koppi.internal/pkg/denylist"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/loopback"
)

// Settings are the operator's settings of sessions.
type Settings struct {
	BaseURL        string `name:"base-url" help:"Address of Koppi's pages as browsers know it, such as https://koppi.example.fi. People are redirected there after they have signed in." env:"KOPPI_BASE_URL"`
	SignInByBearer bool   `name:"sign-in-by-bearer" help:"Let pages exchange a bearer token for a session; with --dev they always may." env:"KOPPI_SIGN_IN_BY_BEARER"`
}

// Config holds what sessions need. All fields but Dev and TestPersons are required.
type Config struct {
	Verifier *identity.Verifier
	// Secrets seal cookies; all replicas must have the same.
	Secrets *identity.Secrets
	// Denylist holds the sessions that were signed out of.
	Denylist *denylist.Denylist
	Logger   *slog.Logger
	// Now is the wall clock.
	Now func() time.Time
	// Dev takes the address of the pages from each request where no base URL is set, on loopback
	// hosts only, and lets pages exchange bearer tokens for sessions.
	Dev bool
	// TestPersons says that this is a test environment, as the pages show.
	TestPersons bool
}

// Sessions are the sign-in sessions of the pages. They are safe for concurrent use.
type Sessions struct {
	Config
	// base is the address of the pages; empty where it is taken from each request.
	base    string
	byToken bool
	sites   []site
	cross   *http.CrossOriginProtection
}

// site is an issuer at which people sign in, with the pages' client secret there.
type site struct {
	identity.IssuerConfig
	secret string
}

// Open makes Sessions of the settings. It fails if they are incomplete or contradict each other, or
// if a secret cannot be read.
func (s Settings) Open(config Config) (*Sessions, error) {
	made := &Sessions{Config: config, byToken: s.SignInByBearer || config.Dev, cross: http.NewCrossOriginProtection()}
	var err error
	if made.base, err = origin(s.BaseURL); err != nil {
		return nil, fmt.Errorf("--base-url: %w", err)
	}
	for _, issuer := range config.Verifier.SignIns() {
		one := site{IssuerConfig: issuer}
		if issuer.SignIn.SecretFile != "" {
			text, err := seal.ReadSecret(issuer.SignIn.SecretFile)
			if err != nil {
				return nil, fmt.Errorf("issuer %q: signIn: secretFile: %w", issuer.Issuer, err)
			}
			one.secret = strings.TrimSpace(string(text))
		}
		made.sites = append(made.sites, one)
	}
	switch {
	case made.base != "" || config.Dev:
	case len(made.sites) > 0:
		return nil, errors.New("--base-url is missing: an issuer signs people in to the pages")
	case s.SignInByBearer:
		return nil, errors.New("--sign-in-by-bearer needs --base-url")
	}
	return made, nil
}

// origin is the scheme and host of an address, which must have no path, query, fragment or user:
// cookies are sent to all of the host. It refuses http except on a loopback host.
func origin(address string) (string, error) {
	if address == "" {
		return "", nil
	}
	at, err := url.Parse(address)
	switch {
	case err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" || strings.Trim(at.Path, "/") != "":
		return "", errors.New("write https://host only, such as https://koppi.example.fi")
	case at.Scheme == "https", at.Scheme == "http" && loopback.Is(at.Host):
		return at.Scheme + "://" + strings.ToLower(at.Host), nil
	}
	return "", errors.New("pages are reached by https, or by http on this machine only")
}
