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
	// keyAge is when a provider's keys are asked for anew, and so how long after the
	// provider took a key away it is believed, while the provider answers.
	keyAge = 5 * time.Minute
	// keyLife is how long they are believed while it does not answer.
	keyLife = time.Hour
	// askTime is how long a provider is waited for.
	askTime = 3 * time.Second
	// askEvery and askBurst bound how often it is asked, whatever tokens come.
	askEvery = 10 * time.Second
	askBurst = 3
	// maxDocument bounds what it may answer, in bytes.
	maxDocument = 1 << 20
	// Keys of RSA of fewer bits are not believed; of more they take too long.
	minRSABits, maxRSABits = 2048, 8192
)

// Provider is an OpenID provider as it described itself.
type Provider struct {
	*oidc.Provider
	// EndSession is where its own session is ended; empty where it cannot be.
	EndSession string
	// SecretInForm tells that it takes a client's secret in the form alone, not in the header.
	SecretInForm bool
	// NamesItself tells that it names itself where it leads people back (RFC 9207).
	NamesItself bool

	// Client is how it is asked: it follows no redirections, and takes no endless answers.
	Client *http.Client

	keys jwk.Set
	// at is when it answered.
	at time.Time
}

// provider is an OpenID provider whose description and keys are asked for when they are
// first needed, and again when they are old or a key is unknown.
type provider struct {
	issuer string
	client *http.Client
	now    func() time.Time
	asking singleflight.Group

	mu    sync.Mutex
	asks  *rate.Limiter
	known *Provider
	// failed is why it did not answer when it was last asked.
	failed error
}

func newProvider(issuer string, now func() time.Time) *provider {
	return &provider{
		issuer: issuer, now: now, asks: rate.NewLimiter(rate.Every(askEvery), askBurst),
		client: &http.Client{Transport: bounded{http.DefaultTransport}, CheckRedirect: stay},
	}
}

// stay follows nobody to where the configuration did not send us.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// bounded takes nothing but a good answer of a bounded size.
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

// current is what the provider said at most keyAge ago or, where it does not answer, at
// most keyLife ago. It fails with reason UNAVAILABLE.
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

// ask asks the provider, once for all who wait, and not too often: who comes too early
// gets what the last asking brought.
func (p *provider) ask(ctx context.Context) (*Provider, error) {
	answered := p.asking.DoChan("", func() (any, error) {
		p.mu.Lock()
		known, failed, may := p.known, p.failed, p.asks.AllowN(p.now(), 1)
		p.mu.Unlock()
		if !may {
			return known, failed
		}
		// One caller's cancellation is not that of the others who wait.
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
			return nil, fmt.Errorf("%w (%w)", fault.New(fault.Unavailable, "the issuer of the token does not answer"), result.Err)
		}
		return result.Val.(*Provider), nil //nolint:forcetypeassert // the function above returns it
	}
}

// discover reads the provider's description and its keys.
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
			return nil, fmt.Errorf("an address that it names: %w", err)
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
		// Without a word of it, the header is the way.
		SecretInForm: slices.Contains(more.Secrets, "client_secret_post") && !slices.Contains(more.Secrets, "client_secret_basic"),
	}, err
}

// usableKeys are the public keys of a set that may sign tokens; others are left out, as
// a set may hold what is not for us (RFC 7517 § 5).
func usableKeys(text []byte) (jwk.Set, error) {
	var form struct {
		Keys []json.RawMessage `json:"keys"`
	}
	all, err := jwk.Parse(text, jwk.WithIgnoreParseError(true))
	if err != nil || json.Unmarshal(text, &form) != nil || form.Keys == nil {
		return nil, errors.New("its keys could not be read")
	}
	usable := jwk.NewSet()
	for i := range all.Len() {
		if key, _ := all.Key(i); usableKey(key) {
			_ = usable.AddKey(key) // a key that is there twice is there
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
