package session_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"koppi.internal/gateway/session/oidctest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

// bearer is a token of meri with changed claims.
func (s *fixture) bearer(change ...any) string {
	all := with(meri, "sub", "meri")
	for i := 0; i < len(change); i += 2 {
		all[change[i].(string)] = change[i+1]
	}
	return s.provider.Sign(all)
}

func (s *fixture) verifies(token string) fault.Reason {
	s.t.Helper()
	_, err := s.verifier.Verify(s.t.Context(), token)
	if err != nil && fault.ReasonOf(err) == "" {
		s.t.Fatalf("a fault of no reason: %v", err)
	}
	return fault.ReasonOf(err)
}

// A token is accepted if a trusted provider signed it, for our audience, for an agency of that provider.
func TestProviderTokens(t *testing.T) {
	s := newFixture(t, how{})
	caller, err := s.verifier.Verify(t.Context(), s.bearer())
	if err != nil || caller.Agency != "kela" || caller.Unit != "a" || caller.Worker != "kela-17" || caller.Role != identity.RoleBenefitHandler || caller.Issuer != s.provider.Issuer {
		t.Fatalf("%+v, %v", caller, err)
	}
	other := oidctest.Start(t, s.koppi.URL)
	claims := with(meri, "iss", s.provider.Issuer)
	claims["aud"], claims["exp"] = "koppi", time.Now().Add(time.Hour).Unix()
	good := s.bearer()
	for name, test := range map[string]struct {
		token string
		want  fault.Reason
	}{
		"expired":                    {s.bearer("exp", time.Now().Add(-time.Minute).Unix()), fault.TokenExpired},
		"without an end":             {s.bearer("exp", nil), fault.TokenInvalid},
		"wrong audience":             {s.bearer("aud", "another"), fault.TokenInvalid},
		"wrong issuer":               {s.bearer("iss", "https://another.example"), fault.TokenInvalid},
		"signed by another provider": {other.Sign(claims), fault.TokenInvalid},
		"another agency's":           {s.bearer("org", map[string]any{"code": "hva"}, "units", nil), fault.TokenInvalid},
		"alg none":                   {unsigned(t, `{"alg":"none"}`, claims) + ".", fault.TokenInvalid},
		"alg none, signed":           {unsigned(t, `{"alg":"none"}`, claims) + good[strings.LastIndexByte(good, '.'):], fault.TokenInvalid},
		"HS256 by the public key":    {byPublicKey(t, s.provider, `{"alg":"HS256"}`, claims), fault.TokenInvalid},
		"cut":                        {good[:len(good)-8], fault.TokenInvalid},
		"longer than any":            {good + strings.Repeat("A", 20<<10), fault.TokenInvalid},
		"garbage":                    {"a.b.c", fault.TokenInvalid},
		"an object for a role":       {s.bearer("realm_access", map[string]any{"roles": map[string]any{"a": 1}}), fault.TokenInvalid},
	} {
		if got := s.verifies(test.token); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	own := s.config
	own.Audience = "koppi-at-kela"
	s.verifier = s.verify(own)
	if got := s.verifies(s.bearer()); got != fault.TokenInvalid {
		t.Errorf("the audience of another issuer: %s", got)
	}
	if got := s.verifies(s.bearer("aud", "koppi-at-kela")); got != "" {
		t.Errorf("its own audience: %s", got)
	}
}

// byPublicKey signs with the provider's public key as if it were a shared secret.
func byPublicKey(t *testing.T, provider *oidctest.Provider, header string, claims map[string]any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(provider.Key())
	if err != nil {
		t.Fatal(err)
	}
	text := unsigned(t, header, claims)
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// A provider's tokens count only for its own agencies, whatever they claim and whatever issuer they name.
func TestProviderSpeaksForItsOwn(t *testing.T) {
	s := newFixture(t, how{})
	county := oidctest.Start(t, s.koppi.URL)
	theirs := s.config
	theirs.Issuer, theirs.Agencies, theirs.Units, theirs.SignIn = county.Issuer, []string{"hva"}, map[string]string{"etuus-1": "b"}, nil
	s.verifier = s.verify(s.config, theirs)
	// Without a unit, so that the token is not refused for its unit alone.
	claims := with(with(meri, "sub", "x"), "units", nil)
	if got := s.verifies(county.Sign(with(claims, "org", map[string]any{"code": "hva"}))); got != "" {
		t.Fatalf("its own agency: %s", got)
	}
	for name, token := range map[string]string{
		"the other's agency":        county.Sign(claims),
		"the other's agency, whole": county.Sign(with(claims, "koppi_agency", "kela")),
		"in the other's name":       county.Sign(with(claims, "iss", s.provider.Issuer)),
		"no agency":                 county.Sign(with(claims, "org", nil)),
		"an operator":               county.Sign(with(with(claims, "org", nil), "realm_access", map[string]any{"roles": "operator"})),
	} {
		if got := s.verifies(token); got != fault.TokenInvalid {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A provider's new key is trusted at once, and a removed key for at most five minutes, although the token was accepted
// before.
func TestKeyRotation(t *testing.T) {
	s := newFixture(t, how{})
	old := s.bearer()
	if got := s.verifies(old); got != "" {
		t.Fatal(got)
	}
	for _, algorithm := range []jose.SignatureAlgorithm{jose.ES256, jose.PS256} {
		s.provider.Rotate(algorithm)
		if got := s.verifies(s.bearer("n", string(algorithm))); got != "" {
			t.Errorf("a new key of %s: %s", algorithm, got)
		}
	}
	s.provider.Rotate(jose.RS512)
	s.clock.move(time.Minute)
	if got := s.verifies(s.bearer("n", "rs512")); got != fault.TokenInvalid {
		t.Errorf("a key of an algorithm that is not allowed: %s", got)
	}
	s.provider.Rotate(jose.RS256)
	if got := s.verifies(old); got != "" {
		t.Errorf("a key that is still published: %s", got)
	}
	unseen := s.bearer("n", "new")
	s.provider.Forget()
	s.clock.move(5*time.Minute + time.Second)
	if got := s.verifies(old); got != fault.TokenInvalid {
		t.Errorf("a key that was removed: %s", got)
	}
	if got := s.verifies(unseen); got != "" {
		t.Errorf("the key that remains: %s", got)
	}
}

// Keys that are published without their algorithms are accepted for the allowed algorithms only, and short keys for
// none.
func TestKeysWithoutAlgorithms(t *testing.T) {
	s := newFixture(t, how{})
	s.provider.Mute()
	for algorithm, want := range map[jose.SignatureAlgorithm]fault.Reason{
		jose.RS256: "", jose.PS256: "", jose.ES256: "", jose.RS384: fault.TokenInvalid, jose.RS512: fault.TokenInvalid, jose.PS512: fault.TokenInvalid,
	} {
		s.clock.move(10 * time.Second)
		s.provider.Rotate(algorithm)
		if got := s.verifies(s.bearer("n", string(algorithm))); got != want {
			t.Errorf("%s: %q, want %q", algorithm, got, want)
		}
	}
	s.clock.move(10 * time.Second)
	s.provider.RotateWeak()
	if got := s.verifies(s.bearer("n", "weak")); got != fault.TokenInvalid {
		t.Errorf("RSA of 1024 bits: %q", got)
	}
}

// Tokens with made-up keys cause only a few requests to the provider, however many come at once.
func TestUnknownKeysDoNotFlood(t *testing.T) {
	s := newFixture(t, how{})
	if got := s.verifies(s.bearer()); got != "" {
		t.Fatal(got)
	}
	good := s.bearer()
	forged := func(i int) string {
		return unsigned(t, fmt.Sprintf(`{"alg":"RS256","kid":"made-up-%d"}`, i), map[string]any{"iss": s.provider.Issuer, "n": i}) + "." + base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(i)))
	}
	flood := func() {
		var all sync.WaitGroup
		for i := range 500 {
			all.Go(func() {
				if _, err := s.verifier.Verify(t.Context(), forged(i)); fault.ReasonOf(err) != fault.TokenInvalid {
					t.Errorf("a forged token: %v", err)
				}
			})
		}
		all.Wait()
	}
	flood()
	if asked := s.provider.Asked(); asked > 3 {
		t.Errorf("500 forged tokens cause %d requests", asked)
	}
	s.clock.move(10 * time.Second)
	flood()
	if asked := s.provider.Asked(); asked > 4 {
		t.Errorf("with those of ten seconds later there are %d requests", asked)
	}
	if got := s.verifies(good); got != "" {
		t.Errorf("a valid token among them: %s", got)
	}
}

// A provider that is down at the start does not affect other providers. Its own tokens are refused with UNAVAILABLE, and
// accepted as soon as it is up. A provider that goes down later is trusted for an hour.
func TestProviderDownAndUp(t *testing.T) {
	s := newFixture(t, how{})
	token := s.bearer()
	s.provider.Down()
	other := oidctest.Start(t, s.koppi.URL)
	theirs := s.config
	theirs.Issuer, theirs.SignIn = other.Issuer, nil
	s.verifier = s.verify(s.config, theirs)
	if got := s.verifies(other.Sign(with(meri, "sub", "x"))); got != "" {
		t.Errorf("another provider's people: %s", got)
	}
	for range 20 {
		if got := s.verifies(token); got != fault.Unavailable {
			t.Fatalf("while it is down: %s", got)
		}
	}
	s.provider.Up()
	s.clock.move(10 * time.Second)
	if got := s.verifies(token); got != "" {
		t.Errorf("when it is up: %s", got)
	}
	s.provider.Down()
	long := s.bearer("exp", time.Now().Add(3*time.Hour).Unix(), "iat", time.Now().Unix())
	s.clock.move(59 * time.Minute)
	if got := s.verifies(long); got != "" {
		t.Errorf("down for 59 minutes: %s", got)
	}
	s.provider.Rotate(jose.RS256)
	if got := s.verifies(s.bearer("n", 1)); got != fault.Unavailable {
		t.Errorf("a key that it could not publish: %s", got)
	}
	s.clock.move(2 * time.Minute)
	if got := s.verifies(long); got != fault.Unavailable {
		t.Errorf("down for more than an hour: %s", got)
	}
	s.provider.Up()
}
