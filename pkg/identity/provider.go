package identity

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"koppi.internal/pkg/fault"
)

const (
	// keyAge is when a provider's keys are fetched again. While the provider answers, a key that it has
	// withdrawn is trusted for at most this long.
	keyAge = 5 * time.Minute
	// keyLife is how long keys are trusted while the provider does not answer.
	keyLife = time.Hour
	// askTime is the timeout of a request to a provider.
	askTime = 3 * time.Second
	// askEvery and askBurst limit how often a provider is asked, whatever tokens come.
	askEvery = 10 * time.Second
	askBurst = 3
	// maxDocument is the largest answer of a provider, in bytes.
	maxDocument = 1 << 20
	// RSA keys with fewer bits are not trusted; keys with more take too long to verify.
	minRSABits, maxRSABits = 2048, 8192
)

// Provider is an OpenID provider as its discovery document describes it.
type Provider struct {
	*oidc.Provider
	// EndSession is the URL that ends the provider's own session; empty if there is none.
	EndSession string
	// SecretInForm says that the provider accepts a client secret only in the form, not in the header.
	SecretInForm bool
	// NamesItself says that the provider names itself in authorization responses (RFC 9207).
	NamesItself bool

	// Client is the HTTP client for the provider: it does not follow redirects, and it limits the size of
	// answers.
	Client *http.Client

	keys jwk.Set
	// at is when the provider answered.
	at time.Time
}

// provider is an OpenID provider whose description and keys are fetched when they are first needed, and again
// when they are old or a key is unknown.
type provider struct {
	issuer string
	client *http.Client
	now    func() time.Time
	asking singleflight.Group

	mu    sync.Mutex
	asks  *rate.Limiter
	known *Provider
	// failed is the error of the last request, if it failed.
	failed error
}

func newProvider(issuer string, now func() time.Time) *provider {
	return &provider{
		issuer: issuer, now: now, asks: rate.NewLimiter(rate.Every(askEvery), askBurst),
		client: &http.Client{Transport: bounded{http.DefaultTransport}, CheckRedirect: stay},
	}
}

// stay does not follow redirects, because they could lead to a host that is not in the configuration.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// bounded accepts only answers to GET with status 200, and limits their size.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet {
		return response, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s answered %d", r.URL.Path, response.StatusCode), response.Body.Close())
	}
	response.Body = http.MaxBytesReader(nil, response.Body, maxDocument)
	return response, nil
}

// current returns the provider's answer of at most keyAge ago or, if the provider does not answer, of at most
// keyLife ago. It fails with reason UNAVAILABLE.
func (p *provider) current(ctx context.Context) (*Provider, error) {
	p.mu.Lock()
	known := p.known
	p.mu.Unlock()
	if known != nil && p.now().Sub(known.at) < keyAge {
		return known, nil
	}
	fresh, err := p.ask(ctx)
	if err != nil && known != nil && p.now().Sub(known.at) < keyLife {
		return known, nil
	}
	return fresh, err
}

// ask asks the provider, once for all concurrent callers and within the rate limit. A caller beyond the limit
// gets the result of the last request.
func (p *provider) ask(ctx context.Context) (*Provider, error) {
	answered := p.asking.DoChan("", func() (any, error) {
		p.mu.Lock()
		known, failed, may := p.known, p.failed, p.asks.AllowN(p.now(), 1)
		p.mu.Unlock()
		if !may {
			return known, failed
		}
		// If one caller cancels, the others still wait for the answer.
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
		defer cancel()
		fresh, err := p.discover(limited)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.failed = err; err != nil {
			return nil, err
		}
		p.known = fresh
		return fresh, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-answered:
		if result.Err != nil {
			return nil, fmt.Errorf("%w (%w)", fault.New(fault.Unavailable, "the token's issuer does not answer"), result.Err)
		}
		return result.Val.(*Provider), nil //nolint:forcetypeassert // the function above returns it
	}
}

// discover fetches the provider's description and its keys.
func (p *provider) discover(ctx context.Context) (*Provider, error) {
	at := p.now()
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.issuer)
	if err != nil {
		return nil, err
	}
	var more struct {
		Keys       string   `json:"jwks_uri"`
		EndSession string   `json:"end_session_endpoint"`
		Names      bool     `json:"authorization_response_iss_parameter_supported"`
		Secrets    []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, err
	}
	for _, address := range []string{more.Keys, found.Endpoint().AuthURL, found.Endpoint().TokenURL, more.EndSession} {
		if address == "" {
			continue
		}
		if err := reachable(address); err != nil {
			return nil, fmt.Errorf("an address of the provider: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, more.Keys, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	keys, err := usableKeys(text)
	return &Provider{
		Provider: found, EndSession: more.EndSession, NamesItself: more.Names, Client: p.client, keys: keys, at: at,
		// If the provider names no method, the secret goes in the header.
		SecretInForm: slices.Contains(more.Secrets, "client_secret_post") && !slices.Contains(more.Secrets, "client_secret_basic"),
	}, err
}

// usableKeys returns the public keys of a set that may sign tokens. Others are ignored, because a set may
// contain keys for other uses (RFC 7517 § 5).
func usableKeys(text []byte) (jwk.Set, error) {
	var form struct {
		Keys []json.RawMessage `json:"keys"`
	}
	all, err := jwk.Parse(text, jwk.WithIgnoreParseError(true))
	if err != nil || json.Unmarshal(text, &form) != nil || form.Keys == nil {
		return nil, errors.New("the provider's keys cannot be read")
	}
	usable := jwk.NewSet()
	for i := range all.Len() {
		if key, _ := all.Key(i); usableKey(key) {
			_ = usable.AddKey(key) // a duplicate key changes nothing
		}
	}
	return usable, nil
}

func usableKey(key jwk.Key) bool {
	if use, named := key.KeyUsage(); named && use != "" && use != jwk.ForSignature.String() {
		return false
	}
	if algorithm, named := key.Algorithm(); named && !slices.Contains(discoveredAlgorithms, algorithm.String()) {
		return false
	}
	switch key := key.(type) {
	case jwk.RSAPublicKey:
		var raw rsa.PublicKey
		return jwk.Export(key, &raw) == nil && raw.N.BitLen() >= minRSABits && raw.N.BitLen() <= maxRSABits
	case jwk.ECDSAPublicKey:
		curve, _ := key.Crv()
		return curve == jwa.P256()
	case jwk.OKPPublicKey:
		curve, _ := key.Crv()
		return curve == jwa.Ed25519()
	default:
		return false
	}
}
