// Package oidctest runs a real OpenID provider for tests. Tests can rotate its keys, stop and
// restart it, and read how often its keys were requested.
package oidctest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"
)

// Client and Secret are the credentials of Koppi's pages at the provider; Password is that of all
// its users.
const (
	Client   = "koppi-pages"
	Secret   = "of-the-pages"
	Password = "verysecure"
)

// Provider is an OpenID provider on this machine.
type Provider struct {
	// Issuer is its URL.
	Issuer string

	tb      testing.TB
	handler http.Handler
	server  *httptest.Server

	mu     sync.Mutex
	asked  map[string]int
	keys   []key
	people map[string]map[string]any
	// mute publishes keys without their algorithms.
	mute bool
	// back and out are the addresses to which it redirects after sign-in and sign-out.
	back, out string
}

// Start runs a provider for pages at an address, until the test ends.
func Start(tb testing.TB, pages string) *Provider {
	tb.Helper()
	p := &Provider{tb: tb, asked: map[string]int{}, people: map[string]map[string]any{}, back: pages + "/session/callback", out: pages + "/"}
	p.Rotate(jose.RS256)
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.Issuer = "http://" + strings.Replace(p.server.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	clients := map[string]*storage.Client{Client: storage.WebClient(Client, Secret, p.back)}
	p.handler = exampleop.SetupServer(p.Issuer, &store{storage.NewStorageWithClients(people{p}, clients), p}, nil, false, op.WithCrypto(opaque{op.NewAES256GCMCrypto(sha256.Sum256([]byte(p.Issuer)), "codes")}))
	p.server.Start()
	tb.Cleanup(func() { p.server.Close() })
	return p
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked[r.URL.Path]++
	p.mu.Unlock()
	p.handler.ServeHTTP(w, r)
}

// Asked is how often the provider's keys were requested.
func (p *Provider) Asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked["/keys"]
}

// Down stops the provider, and closes every connection to it.
func (p *Provider) Down() {
	p.server.CloseClientConnections()
	p.server.Close()
}

// Up starts the provider again at the same address.
func (p *Provider) Up() {
	p.tb.Helper()
	listener, err := net.Listen("tcp", p.server.Listener.Addr().String())
	if err != nil {
		p.tb.Fatal(err)
	}
	again := httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	_ = again.Listener.Close()
	again.Listener = listener
	again.Start()
	p.server = again
}

// Know adds a user, with the claims of the user's tokens.
func (p *Provider) Know(name string, claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.people[name] = claims
}

// Rotate makes a new key, which signs from now on; earlier keys are still published.
func (p *Provider) Rotate(algorithm jose.SignatureAlgorithm) { p.rotate(algorithm, 2048) }

// RotateWeak makes an RSA key of 1024 bits, which is too short.
func (p *Provider) RotateWeak() { p.rotate(jose.RS256, 1024) }

func (p *Provider) rotate(algorithm jose.SignatureAlgorithm, bits int) {
	p.tb.Helper()
	made := key{id: uuid.NewString(), algorithm: algorithm}
	var err error
	if algorithm == jose.ES256 {
		made.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		made.private, err = rsa.GenerateKey(rand.Reader, bits)
	}
	if err != nil {
		p.tb.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, made)
}

// Mute makes the provider publish keys without their algorithms, as some providers do.
func (p *Provider) Mute() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = true
}

// Forget removes all keys but the one that signs.
func (p *Provider) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = p.keys[len(p.keys)-1:]
}

func (p *Provider) signing() key {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[len(p.keys)-1]
}

// Key is the public key of the current signing key.
func (p *Provider) Key() crypto.PublicKey { return p.signing().private.Public() }

// Sign signs a token with the given claims. Where these do not set them, it adds the issuer, the
// audience koppi, and a lifetime of one hour.
func (p *Provider) Sign(claims map[string]any) string {
	p.tb.Helper()
	now := time.Now() //nolint:forbidigo // a token's time
	all := map[string]any{"iss": p.Issuer, "aud": "koppi", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	text, err := json.Marshal(all)
	if err != nil {
		p.tb.Fatal(err)
	}
	signer, err := op.SignerFromKey(signingKey{p.signing()})
	if err != nil {
		p.tb.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		p.tb.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		p.tb.Fatal(err)
	}
	return token
}

type key struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
}

func (k key) ID() string { return k.id }

type signingKey struct{ key }

func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return k.algorithm }
func (k signingKey) Key() any                                    { return k.private }

type publicKey struct{ key }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return k.algorithm }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return k.private.Public() }

// store is the provider's example storage, with our own keys and users.
type store struct {
	*storage.Storage
	provider *Provider
}

func (s *store) SigningKey(context.Context) (op.SigningKey, error) {
	return signingKey{s.provider.signing()}, nil
}

func (s *store) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{s.provider.signing().algorithm}, nil
}

func (s *store) KeySet(context.Context) ([]op.Key, error) {
	s.provider.mu.Lock()
	defer s.provider.mu.Unlock()
	var all []op.Key
	for _, one := range s.provider.keys {
		if s.provider.mute {
			one.algorithm = ""
		}
		all = append(all, publicKey{one})
	}
	return all, nil
}

func (s *store) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, request op.IDTokenRequest, _ []string) error {
	s.provider.mu.Lock()
	defer s.provider.mu.Unlock()
	info.Subject = request.GetSubject()
	for name, value := range s.provider.people[request.GetSubject()] {
		info.AppendClaims(name, value)
	}
	return nil
}

func (s *store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	found, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return pages{found, s.provider.out}, nil
}

// opaque encodes codes so that they do not look like tokens: tests search addresses for tokens,
// while a code may stand in an address.
type opaque struct{ op.Crypto }

func (o opaque) Encrypt(text string) (string, error) {
	sealed, err := o.Crypto.Encrypt(text)
	return hex.EncodeToString([]byte(sealed)), err
}

func (o opaque) Decrypt(text string) (string, error) {
	sealed, err := hex.DecodeString(text)
	if err != nil {
		return "", err
	}
	return o.Crypto.Decrypt(string(sealed))
}

// pages is the client of Koppi's pages.
type pages struct {
	op.Client
	out string
}

func (p pages) PostLogoutRedirectURIs() []string { return []string{p.out} }

// people are the provider's users; id and user name are the same.
type people struct{ provider *Provider }

func (p people) GetUserByID(id string) *storage.User { return p.GetUserByUsername(id) }

func (p people) GetUserByUsername(name string) *storage.User {
	p.provider.mu.Lock()
	defer p.provider.mu.Unlock()
	if _, known := p.provider.people[name]; !known {
		return nil
	}
	return &storage.User{ID: name, Username: name, Password: Password, PreferredLanguage: language.Finnish}
}

func (people) ExampleClientID() string { return "service" }
