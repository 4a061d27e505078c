package identity

import (
	"context"
	"crypto/sha256"
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

// The claims of a token beside the registered ones.
const (
	claimAgency = "koppi_agency"
	claimUnit   = "koppi_unit"
	claimRole   = "koppi_role"
	claimClient = "koppi_client"
	// claimActor is, in the suite's own tokens, which system acts in a worker's name
	// (RFC 8693 § 4.1).
	claimActor = "act"
)

// skew is how far an issuer's clock may differ from ours.
const skew = 30 * time.Second

// IssuerConfig is an issuer that is believed, and for whom it may speak.
type IssuerConfig struct {
	Issuer string `json:"issuer"`
	// JWKS is the issuer's public keys, each with its alg: ES256 or EdDSA.
	JWKS []byte `json:"jwks"`
	// Agencies for which its tokens may speak: no county's identity provider mints
	// another agency's token.
	Agencies []string `json:"agencies"`
	// Everyone: it speaks for all agencies of the directory. Only the development
	// issuer does; no file can say so.
	Everyone bool `json:"-"`
	// Clients: it may also speak for the persons whom matters concern.
	Clients bool `json:"clients"`
	// Operators: it may also speak for those who run Koppi.
	Operators bool `json:"operators"`
	// suite: it is the suite's own, which says in whose name a system acts.
	suite bool
}

// VerifierConfig is what tokens are held against.
type VerifierConfig struct {
	// Audience that a token must name.
	Audience  string
	Issuers   []IssuerConfig
	Directory *directory.Directory
	// Now is the wall clock.
	Now func() time.Time
}

// maxBelieved bounds how many tokens are remembered as verified.
const maxBelieved = 4096

// Verifier turns bearer tokens into callers. It is safe for concurrent use.
type Verifier struct {
	config  VerifierConfig
	issuers map[string]issuer
	// believed are callers by the hash of the token that proved them: a system sends
	// one token with thousands of calls, and a signature costs more than its rules.
	believed *lru.Cache[[sha256.Size]byte, Caller]
}

type issuer struct {
	IssuerConfig
	keys jwk.Set
}

// algorithms that are believed. Neither "none" nor a shared secret is among them.
var algorithms = []string{jwa.ES256().String(), jwa.EdDSA().String()}

// NewVerifier checks the configuration: unknown agencies and keys refuse to start.
func NewVerifier(config VerifierConfig) (*Verifier, error) {
	believed, err := lru.New[[sha256.Size]byte, Caller](maxBelieved)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	v := &Verifier{config: config, issuers: map[string]issuer{}, believed: believed}
	for _, entry := range config.Issuers {
		keys, err := jwk.Parse(entry.JWKS)
		if err != nil {
			return nil, fmt.Errorf("identity: keys of issuer %s: %w", entry.Issuer, err)
		}
		for i := range keys.Len() {
			key, _ := keys.Key(i)
			if algorithm, ok := key.Algorithm(); !ok || !slices.Contains(algorithms, algorithm.String()) {
				return nil, fmt.Errorf("identity: key %d of issuer %s is not of alg ES256 or EdDSA", i, entry.Issuer)
			}
		}
		for _, agency := range entry.Agencies {
			if _, known := config.Directory.Agency(agency); !known {
				return nil, fmt.Errorf("identity: issuer %s: no agency %q in the directory", entry.Issuer, agency)
			}
		}
		if _, double := v.issuers[entry.Issuer]; double || entry.Issuer == "" || keys.Len() == 0 {
			return nil, fmt.Errorf("identity: issuer %q is doubled, unnamed or without keys", entry.Issuer)
		}
		v.issuers[entry.Issuer] = issuer{IssuerConfig: entry, keys: keys}
	}
	return v, nil
}

func invalidToken(why string) error {
	return fault.New(fault.TokenInvalid, "the token is not valid: %s", why)
}

// Verify believes a token only if a known issuer signed it for this audience, it
// has not expired, and it speaks for whom that issuer may speak.
func (v *Verifier) Verify(_ context.Context, bearer string) (Caller, error) {
	if bearer == "" {
		return Caller{}, fault.New(fault.TokenRequired, "a token is missing")
	}
	hash := sha256.Sum256([]byte(bearer))
	if caller, known := v.believed.Get(hash); known && v.config.Now().Before(caller.Expires) {
		return caller, nil
	}
	caller, err := v.prove(bearer)
	if err != nil {
		v.believed.Remove(hash)
		return Caller{}, err
	}
	v.believed.Add(hash, caller)
	return caller, nil
}

// prove does all the checks.
func (v *Verifier) prove(bearer string) (Caller, error) {
	unverified, err := jwt.ParseInsecure([]byte(bearer))
	if err != nil {
		return Caller{}, invalidToken("its form")
	}
	name, _ := unverified.Issuer()
	from, known := v.issuers[name]
	if !known {
		return Caller{}, invalidToken("its issuer")
	}
	token, err := jwt.Parse([]byte(bearer), jwt.WithKeySet(from.keys, jws.WithRequireKid(false)), jwt.WithValidate(false))
	if err != nil {
		return Caller{}, invalidToken("its signature")
	}
	err = jwt.Validate(token, jwt.WithClock(jwt.ClockFunc(v.config.Now)), jwt.WithAcceptableSkew(skew),
		jwt.WithAudience(v.config.Audience), jwt.WithIssuer(name), jwt.WithRequiredClaim(jwt.ExpirationKey))
	switch {
	case errors.Is(err, jwt.TokenExpiredError()):
		return Caller{}, fault.New(fault.TokenExpired, "the token has expired")
	case err != nil:
		return Caller{}, invalidToken("its audience or time")
	}
	return v.caller(token, from)
}

// caller reads the claims and holds them against the directory and the issuer.
func (v *Verifier) caller(token jwt.Token, from issuer) (Caller, error) {
	subject, _ := token.Subject()
	expires, _ := token.Expiration()
	caller := Caller{
		Agency: claim(token, claimAgency), Unit: claim(token, claimUnit), Role: Role(claim(token, claimRole)),
		Client: claim(token, claimClient), Expires: expires,
	}
	switch {
	case !caller.Role.known():
		return Caller{}, invalidToken("its role")
	case caller.Role == RoleClient:
		if caller.Client == "" || caller.Agency != "" || !from.Clients {
			return Caller{}, invalidToken("for whom it speaks")
		}
		return caller, nil
	case caller.Role == RoleOperator && (subject == "" || !from.Operators):
		return Caller{}, invalidToken("for whom it speaks")
	case caller.Role == RoleOperator && caller.Agency == "" && caller.Client == "":
		caller.Worker = subject
		return caller, nil
	case subject == "" || caller.Client != "" || !from.Everyone && !slices.Contains(from.Agencies, caller.Agency):
		return Caller{}, invalidToken("for whom it speaks")
	}
	if err := v.config.Directory.Check(caller.Party(), "token"); err != nil {
		return Caller{}, invalidToken("its unit")
	}
	if caller.Role == RoleSystem {
		caller.System, caller.SystemSubject = true, subject
		return caller, nil
	}
	caller.Worker = subject
	if actor := map[string]any{}; from.suite && token.Get(claimActor, &actor) == nil {
		caller.System = true
		caller.SystemSubject, _ = actor[jwt.SubjectKey].(string)
	}
	return caller, nil
}

func claim(token jwt.Token, name string) string {
	var value string
	if token.Get(name, &value) != nil {
		return ""
	}
	return value
}

// Peek reads the agency of a token and when it ends, without proving anything: for
// who only passes it on, once a service has taken it.
func Peek(token string) (agency string, expires time.Time) {
	parsed, err := jwt.ParseInsecure([]byte(token))
	if err != nil {
		return "", time.Time{}
	}
	_ = parsed.Get(claimAgency, &agency)
	expires, _ = parsed.Expiration()
	return agency, expires
}
