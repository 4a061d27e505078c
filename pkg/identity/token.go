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
	"koppi.internal/pkg/idcode"
)

// skew is how much an issuer's clock may differ from ours.
const skew = 30 * time.Second

// maxLife is the longest validity of a token, both from its time of issue and from now. A token cannot be
// revoked, so it must be useless after a working day to somebody who was dismissed or has stolen it.
const maxLife = 12 * time.Hour

// maxToken is the largest token, in bytes.
const maxToken = 16 << 10

// VerifierConfig configures a Verifier. Directory and Now are required.
type VerifierConfig struct {
	// Audience that a token must name if its issuer has no audience of its own.
	Audience  string
	Issuers   []IssuerConfig
	Directory *directory.Directory
	// Now returns the wall clock time.
	Now func() time.Time
	// Secrets map identity codes to internal ids; required if an issuer names clients by their codes.
	Secrets *Secrets
	// Persons are those whose identity codes are accepted.
	Persons idcode.Persons
}

// maxVerified is the most verified tokens that are cached.
const maxVerified = 4096

// Verifier maps bearer tokens to callers. It is safe for concurrent use.
type Verifier struct {
	config  VerifierConfig
	issuers map[string]issuer
	// verified caches callers by the hash of their verified token: a system sends one token with thousands of
	// calls, and verifying a signature takes longer than the other checks.
	verified *lru.Cache[[sha256.Size]byte, proof]
}

// proof is a verified caller, and until when the verification counts.
type proof struct {
	caller Caller
	until  time.Time
}

// Signature algorithms that are accepted: for keys in a file, and for keys of a provider. Neither "none" nor
// algorithms with a shared secret are among them.
var (
	fileAlgorithms       = []string{jwa.ES256().String(), jwa.EdDSA().String()}
	discoveredAlgorithms = append([]string{jwa.RS256().String(), jwa.PS256().String()}, fileAlgorithms...)
)

// NewVerifier checks the configuration and returns an error that names the place of the first mistake. It
// does not contact providers yet.
func NewVerifier(config VerifierConfig) (*Verifier, error) {
	cache, err := lru.New[[sha256.Size]byte, proof](maxVerified)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	v := &Verifier{config: config, issuers: map[string]issuer{}, verified: cache}
	for _, entry := range config.Issuers {
		if _, double := v.issuers[entry.Issuer]; double {
			return nil, fmt.Errorf("identity: issuer %q: listed twice", entry.Issuer)
		}
		if v.issuers[entry.Issuer], err = newIssuer(entry, config); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func invalidToken(why string, args ...any) error {
	return fault.New(fault.TokenInvalid, "the token is invalid: %s", fmt.Sprintf(why, args...))
}

// Verify verifies a token: a trusted issuer signed it for this audience, it has not expired, and the issuer
// may speak for its caller. A provider's token is trusted for at most five minutes after the provider has
// withdrawn its key. It fails with reasons TOKEN_REQUIRED, TOKEN_INVALID, TOKEN_EXPIRED, and UNAVAILABLE if
// the issuer does not answer.
func (v *Verifier) Verify(ctx context.Context, bearer string) (Caller, error) {
	if bearer == "" {
		return Caller{}, fault.New(fault.TokenRequired, "the token is missing")
	}
	hash := sha256.Sum256([]byte(bearer))
	if known, ok := v.verified.Get(hash); ok && v.config.Now().Before(known.until) {
		return known.caller, nil
	}
	proved, err := v.prove(ctx, bearer, signedIn{})
	if err != nil {
		v.verified.Remove(hash)
		return Caller{}, err
	}
	v.verified.Add(hash, proved)
	return proved.caller, nil
}

// signedIn is what a token from a sign-in to the pages must contain, in addition to what every token must.
type signedIn struct{ issuer, client, nonce string }

// prove makes all checks of a token.
func (v *Verifier) prove(ctx context.Context, bearer string, want signedIn) (proof, error) {
	name, header, err := unproved(bearer)
	if err != nil {
		return proof{}, invalidToken("it is malformed")
	}
	from, known := v.issuers[name]
	if !known || want.issuer != "" && want.issuer != name {
		return proof{}, invalidToken("its issuer is not trusted")
	}
	payload, until, err := from.signed(ctx, bearer, header)
	if err != nil {
		return proof{}, err
	}
	token := jwt.New()
	if err := json.Unmarshal(payload, token); err != nil {
		return proof{}, invalidToken("it is malformed")
	}
	audience := cmp.Or(want.client, from.Audience, v.config.Audience)
	err = jwt.Validate(token, jwt.WithClock(jwt.ClockFunc(v.config.Now)), jwt.WithAcceptableSkew(skew),
		jwt.WithAudience(audience), jwt.WithIssuer(name), jwt.WithRequiredClaim(jwt.ExpirationKey))
	switch {
	case errors.Is(err, jwt.TokenExpiredError()):
		return proof{}, fault.New(fault.TokenExpired, "the token has expired")
	case err != nil && from.suite && v.ofOtherPersons(token):
		return proof{}, fault.New(fault.Unavailable, "a service and its gateway disagree about --test-persons: start both with it, or both without")
	case err != nil:
		return proof{}, invalidToken("its audience or validity time is wrong")
	}
	claims := claimsOf(token)
	if want.client != "" && !want.isFor(claims, token) {
		return proof{}, invalidToken("it belongs to another sign-in")
	}
	expires, _ := token.Expiration()
	if v.tooLong(token, expires) {
		return proof{}, invalidToken("it is valid for longer than %v", maxLife)
	}
	caller, err := v.caller(claims, expires, from)
	if err != nil {
		return proof{}, err
	}
	if until.IsZero() || expires.Before(until) {
		until = expires
	}
	return proof{caller, until}, nil
}

// ofOtherPersons reports whether a token of the suite is from a gateway of a test environment and this verifier is
// not, or the other way round.
func (v *Verifier) ofOtherPersons(token jwt.Token) bool {
	audience, _ := token.Audience()
	return slices.ContainsFunc([]string{SuiteAudience, suiteTestAudience}, func(one string) bool {
		return one != v.config.Audience && slices.Contains(audience, one)
	})
}

// tooLong reports whether a token's validity exceeds maxLife, counted from now, from its time of issue, or
// from its not-before time. The last two may be missing.
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

// isFor reports whether a token was issued for this sign-in (OpenID Connect Core 1.0 § 3.1.3.7).
func (s signedIn) isFor(claims map[string]any, token jwt.Token) bool {
	audience, _ := token.Audience()
	party, named := claims["azp"]
	return claims["nonce"] == s.nonce && s.nonce != "" && (party == s.client || !named && len(audience) == 1)
}

// unproved returns a token's issuer and header, both unverified.
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

// signed verifies the signature of a token and returns its payload, and until when the verification counts;
// zero if it counts until the token expires.
func (i issuer) signed(ctx context.Context, bearer string, header jws.Headers) (payload []byte, until time.Time, err error) {
	algorithm, _ := header.Algorithm()
	if i.provider == nil {
		if !slices.Contains(fileAlgorithms, algorithm.String()) {
			return nil, until, invalidToken("its signature cannot be verified")
		}
		payload, err = verified(bearer, i.keys)
		return payload, until, err
	}
	if !slices.Contains(discoveredAlgorithms, algorithm.String()) {
		return nil, until, invalidToken("its signature cannot be verified")
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
		return nil, invalidToken("its signature cannot be verified")
	}
	return payload, nil
}

// ParseUnverified returns the agency and the expiry of a token without verifying it. It is for a caller that
// only passes the token on, after a service has accepted it.
func ParseUnverified(token string) (agency string, expires time.Time) {
	parsed, err := jwt.ParseInsecure([]byte(token))
	if err != nil {
		return "", time.Time{}
	}
	_ = parsed.Get(claimAgency, &agency)
	expires, _ = parsed.Expiration()
	return agency, expires
}
