package identity

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
)

// skew is how far an issuer's clock may differ from ours.
const skew = 30 * time.Second

// maxLife is how long a token may be valid, from when it says that it was issued and from
// now: a token cannot be taken back, so that who was dismissed, or has stolen one, must
// have no use of it after a working day.
const maxLife = 12 * time.Hour

// maxToken bounds a token, in bytes.
const maxToken = 16 << 10

// VerifierConfig is what tokens are held against. Directory and Now are required.
type VerifierConfig struct {
	// Audience that a token must name, where its issuer has none of its own.
	Audience  string
	Issuers   []IssuerConfig
	Directory *directory.Directory
	// Now is the wall clock.
	Now func() time.Time
	// Secrets swap identity codes for inner ids; required where an issuer names clients by
	// their codes.
	Secrets *Secrets
	// TestPersons admits identity codes of test persons (900–999): for trials alone.
	TestPersons bool
}

// maxVerified bounds how many tokens are remembered as verified.
const maxVerified = 4096

// Verifier turns bearer tokens into callers. It is safe for concurrent use.
type Verifier struct {
	config  VerifierConfig
	issuers map[string]issuer
	// believed are callers by the hash of the token that proved them: a system sends
	// one token with thousands of calls, and a signature costs more than its rules.
	believed *lru.Cache[[sha256.Size]byte, belief]
}

// belief is a caller who was proved, and until when that counts.
type belief struct {
	caller Caller
	until  time.Time
}

// Algorithms that are believed: of keys in a file, and of keys that a provider tells.
// Neither "none" nor a shared secret is among them.
var (
	fileAlgorithms       = []string{jwa.ES256().String(), jwa.EdDSA().String()}
	discoveredAlgorithms = append([]string{jwa.RS256().String(), jwa.PS256().String()}, fileAlgorithms...)
)

// NewVerifier checks the configuration: what is wrong in it refuses to start, with its
// place. Providers are not asked yet.
func NewVerifier(config VerifierConfig) (*Verifier, error) {
	believed, err := lru.New[[sha256.Size]byte, belief](maxVerified)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	v := &Verifier{config: config, issuers: map[string]issuer{}, believed: believed}
	for _, entry := range config.Issuers {
		if _, double := v.issuers[entry.Issuer]; double {
			return nil, fmt.Errorf("identity: issuer %q: it is there twice", entry.Issuer)
		}
		if v.issuers[entry.Issuer], err = newIssuer(entry, config); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func invalidToken(why string, args ...any) error {
	return fault.New(fault.TokenInvalid, "the token is not valid: %s", fmt.Sprintf(why, args...))
}

// Verify believes a token only if a known issuer signed it for this audience, it
// has not expired, and it speaks for whom that issuer may speak. A provider's token is
// believed no longer than five minutes after the provider took its key away. It fails
// with reasons TOKEN_REQUIRED, TOKEN_INVALID, TOKEN_EXPIRED, and UNAVAILABLE where the
// issuer does not answer.
func (v *Verifier) Verify(ctx context.Context, bearer string) (Caller, error) {
	if bearer == "" {
		return Caller{}, fault.New(fault.TokenRequired, "a token is missing")
	}
	hash := sha256.Sum256([]byte(bearer))
	if known, ok := v.believed.Get(hash); ok && v.config.Now().Before(known.until) {
		return known.caller, nil
	}
	believed, err := v.prove(ctx, bearer, signedIn{})
	if err != nil {
		v.believed.Remove(hash)
		return Caller{}, err
	}
	v.believed.Add(hash, believed)
	return believed.caller, nil
}

// signedIn is what a token must say that was given to the pages at a sign-in, beside
// what all must.
type signedIn struct{ issuer, client, nonce string }

// prove does all the checks.
func (v *Verifier) prove(ctx context.Context, bearer string, want signedIn) (belief, error) {
	name, header, err := unproved(bearer)
	if err != nil {
		return belief{}, invalidToken("its form")
	}
	from, known := v.issuers[name]
	if !known || want.issuer != "" && want.issuer != name {
		return belief{}, invalidToken("its issuer")
	}
	payload, until, err := from.signed(ctx, bearer, header)
	if err != nil {
		return belief{}, err
	}
	token := jwt.New()
	if err := json.Unmarshal(payload, token); err != nil {
		return belief{}, invalidToken("its form")
	}
	audience := cmp.Or(want.client, from.Audience, v.config.Audience)
	err = jwt.Validate(token, jwt.WithClock(jwt.ClockFunc(v.config.Now)), jwt.WithAcceptableSkew(skew),
		jwt.WithAudience(audience), jwt.WithIssuer(name), jwt.WithRequiredClaim(jwt.ExpirationKey))
	switch {
	case errors.Is(err, jwt.TokenExpiredError()):
		return belief{}, fault.New(fault.TokenExpired, "the token has expired")
	case err != nil:
		return belief{}, invalidToken("its audience or time")
	}
	claims := claimsOf(token)
	if want.client != "" && !want.isFor(claims, token) {
		return belief{}, invalidToken("it is of another sign-in")
	}
	expires, _ := token.Expiration()
	if v.tooLong(token, expires) {
		return belief{}, invalidToken("it is valid for longer than %v", maxLife)
	}
	caller, err := v.caller(claims, expires, from)
	if err != nil {
		return belief{}, err
	}
	if until.IsZero() || expires.Before(until) {
		until = expires
	}
	return belief{caller, until}, nil
}

// tooLong tells whether a token is valid for longer than it may be: from now, from when it
// was issued, and from when it begins. Those it may leave out.
func (v *Verifier) tooLong(token jwt.Token, expires time.Time) bool {
	begins := []time.Time{v.config.Now()}
	if issued, said := token.IssuedAt(); said {
		begins = append(begins, issued)
	}
	if from, said := token.NotBefore(); said {
		begins = append(begins, from)
	}
	return slices.ContainsFunc(begins, func(begin time.Time) bool { return expires.Sub(begin) > maxLife+skew })
}

// isFor tells whether a token was given to this sign-in and no other (OpenID Connect
// Core 1.0 § 3.1.3.7).
func (s signedIn) isFor(claims map[string]any, token jwt.Token) bool {
	audience, _ := token.Audience()
	party, named := claims["azp"]
	return claims["nonce"] == s.nonce && s.nonce != "" && (party == s.client || !named && len(audience) == 1)
}

// unproved reads a token's issuer and header, and believes neither.
func unproved(bearer string) (string, jws.Headers, error) {
	if len(bearer) > maxToken {
		return "", nil, errors.New("too long")
	}
	message, err := jws.Parse([]byte(bearer), jws.WithCompact())
	if err != nil {
		return "", nil, err
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	err = json.Unmarshal(message.Payload(), &claims)
	return claims.Issuer, message.Signatures()[0].ProtectedHeaders(), err
}

// signed is the payload of a token that the issuer signed, and until when that counts;
// zero for as long as the token itself does.
func (i issuer) signed(ctx context.Context, bearer string, header jws.Headers) (payload []byte, until time.Time, err error) {
	algorithm, _ := header.Algorithm()
	if i.provider == nil {
		if !slices.Contains(fileAlgorithms, algorithm.String()) {
			return nil, until, invalidToken("its signature")
		}
		payload, err = verified(bearer, i.keys)
		return payload, until, err
	}
	if !slices.Contains(discoveredAlgorithms, algorithm.String()) {
		return nil, until, invalidToken("its signature")
	}
	known, err := i.provider.current(ctx)
	if err != nil {
		return nil, until, err
	}
	payload, err = verified(bearer, known.keys)
	kid, _ := header.KeyID()
	if _, there := known.keys.LookupKeyID(kid); err != nil && !there {
		// The provider may have a new key.
		if known, err = i.provider.ask(ctx); err != nil {
			return nil, until, err
		}
		payload, err = verified(bearer, known.keys)
	}
	return payload, known.at.Add(keyAge), err
}

func verified(bearer string, keys jwk.Set) ([]byte, error) {
	payload, err := jws.Verify([]byte(bearer), jws.WithCompact(), jws.WithKeySet(keys, jws.WithRequireKid(false), jws.WithInferAlgorithmFromKey(true)))
	if err != nil {
		return nil, invalidToken("its signature")
	}
	return payload, nil
}

// ParseUnverified reads the agency of a token and when it ends, without proving anything: for
// who only passes it on, once a service has taken it.
func ParseUnverified(token string) (agency string, expires time.Time) {
	parsed, err := jwt.ParseInsecure([]byte(token))
	if err != nil {
		return "", time.Time{}
	}
	_ = parsed.Get(claimAgency, &agency)
	expires, _ = parsed.Expiration()
	return agency, expires
}
