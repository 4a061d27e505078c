package identity

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/journal/seal"
)

// Audience is the audience of tokens for Koppi.
const Audience = "koppi"

const (
	// DevIssuerFile is the name of the file that holds the development issuer's key.
	DevIssuerFile = "dev-issuer.json"
	// SuiteIssuerFile is the name of the file that holds the key of the suite's own issuer.
	SuiteIssuerFile = "suite-issuer.json"
	// SuiteKeysFile is the name of the file with its public keys, which are all that services need.
	SuiteKeysFile = "suite-keys.json"
	// SuiteIssuer is the name of the suite's own issuer, by which the gateway names callers to services.
	SuiteIssuer = "koppi:suite"
	// SuiteAudience is the audience of its tokens. Services accept no other audience, and gateways do not
	// accept this one.
	SuiteAudience = "koppi:services"
	// suiteTestAudience is their audience in a test environment: a gateway and a service that disagree about
	// which persons are accepted refuse each other's calls.
	suiteTestAudience = SuiteAudience + ":test-persons"
)

// Issuer signs tokens with a key of its own.
type Issuer struct {
	key              jwk.Key
	issuer, audience string
}

// OpenDevIssuer opens the development issuer, which may speak for everybody. A production configuration has
// none.
func OpenDevIssuer(folder, issuer string) (*Issuer, error) {
	return openIssuer(filepath.Join(folder, DevIssuerFile), issuer, Audience)
}

// suiteAudience is the audience of the suite's own tokens where these persons are accepted.
func suiteAudience(accepted idcode.Persons) string {
	if accepted == idcode.TestPersons {
		return suiteTestAudience
	}
	return SuiteAudience
}

// OpenIssuer opens an issuer whose key is in a file, which it creates at the first start. A verifier must be
// told to trust it, by its configuration.
func OpenIssuer(path, issuer string) (*Issuer, error) { return openIssuer(path, issuer, Audience) }

// OpenSuiteIssuer opens the suite's own issuer, of a suite that accepts these persons, and writes its public
// keys to the same folder if they are missing.
func OpenSuiteIssuer(folder string, accepted idcode.Persons) (*Issuer, error) {
	issuer, err := openIssuer(filepath.Join(folder, SuiteIssuerFile), SuiteIssuer, suiteAudience(accepted))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, SuiteKeysFile)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return issuer, err
	}
	config, err := issuer.For()
	if err != nil {
		return nil, err
	}
	return issuer, seal.WriteSecret(path, config.JWKS)
}

// NewSuiteVerifier returns a verifier that trusts only the suite's own issuer, by the public keys in a folder
// of secrets, in a suite that accepts these persons.
func NewSuiteVerifier(folder string, accepted idcode.Persons, known *directory.Directory, now func() time.Time) (*Verifier, error) {
	keys, err := seal.ReadSecret(filepath.Join(folder, SuiteKeysFile))
	if err != nil {
		return nil, fmt.Errorf("a secret is missing; create it once with koppi secrets: %w", err)
	}
	suite := IssuerConfig{Issuer: SuiteIssuer, JWKS: keys, Everyone: true, Clients: true, Operators: true, suite: true}
	return NewVerifier(VerifierConfig{Audience: suiteAudience(accepted), Issuers: []IssuerConfig{suite}, Directory: known, Now: now})
}

// openIssuer reads a key; at the first start it makes the key.
func openIssuer(path, issuer, audience string) (*Issuer, error) {
	text, err := seal.ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = makeKey(); err == nil {
			err = seal.WriteSecret(path, text)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	key, err := jwk.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("identity: %s contains no key", path)
	}
	return &Issuer{key: key, issuer: issuer, audience: audience}, nil
}

func makeKey() ([]byte, error) {
	raw, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := jwk.Import(raw)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(key.Set(jwk.AlgorithmKey, jwa.ES256()), jwk.AssignKeyID(key)); err != nil {
		return nil, err
	}
	return json.Marshal(key)
}

// Config returns the issuer's configuration for a verifier, which trusts it for every agency, clients and
// operators.
func (d *Issuer) Config() (IssuerConfig, error) {
	config, err := d.For()
	config.Clients, config.Operators, config.Everyone = true, true, true
	return config, err
}

// For returns the issuer's configuration for a verifier that trusts it only for some agencies.
func (d *Issuer) For(agencies ...string) (IssuerConfig, error) {
	public, err := d.key.PublicKey()
	if err != nil {
		return IssuerConfig{}, fmt.Errorf("identity: public key: %w", err)
	}
	set := jwk.NewSet()
	if err := set.AddKey(public); err != nil {
		return IssuerConfig{}, fmt.Errorf("identity: key set: %w", err)
	}
	keys, err := json.Marshal(set)
	if err != nil {
		return IssuerConfig{}, fmt.Errorf("identity: key set: %w", err)
	}
	return IssuerConfig{Issuer: d.issuer, JWKS: keys, Agencies: agencies}, nil
}

// Issue signs a token for a caller. The token is valid for life from now, by the wall clock.
func (d *Issuer) Issue(caller Caller, now time.Time, life time.Duration) (string, error) {
	subject := caller.Worker
	if caller.Role == RoleSystem {
		subject = cmp.Or(caller.SystemSubject, "system")
	}
	builder := jwt.NewBuilder().Issuer(d.issuer).Audience([]string{d.audience}).
		IssuedAt(now).Expiration(now.Add(life)).Claim(claimRole, string(caller.Role))
	for name, value := range map[string]string{
		jwt.SubjectKey: subject, claimAgency: caller.Agency, claimUnit: caller.Unit, claimClient: caller.Client,
		claimName: caller.Name, claimProfession: string(caller.Profession), claimDuty: string(caller.Duty), claimEmergencies: string(caller.Emergencies),
	} {
		if value != "" {
			builder = builder.Claim(name, value)
		}
	}
	if caller.System && caller.Role != RoleSystem {
		builder = builder.Claim(claimActor, map[string]any{jwt.SubjectKey: caller.SystemSubject})
	}
	token, err := builder.Build()
	if err != nil {
		return "", fmt.Errorf("identity: build a token: %w", err)
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.ES256(), d.key))
	if err != nil {
		return "", fmt.Errorf("identity: sign a token: %w", err)
	}
	return string(signed), nil
}
