package identity

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/lestrrat-go/jwx/v3/jwk"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/loopback"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// IssuerConfig is a trusted issuer, and the callers for whom it may speak.
type IssuerConfig struct {
	// Issuer is the issuer claim of its tokens; with Discovery, its URL.
	Issuer string `json:"issuer"`
	// JWKS is the issuer's public keys, each with its alg: ES256 or EdDSA.
	JWKS []byte `json:"jwks,omitempty"`
	// Discovery fetches the keys from the issuer's URL (OpenID Connect Discovery 1.0) by https, or by http on
	// this machine for trials. It replaces JWKS.
	Discovery bool `json:"discovery,omitempty"`
	// Audience that its tokens must name; empty for the verifier's audience.
	Audience string `json:"audience,omitempty"`
	// Agencies for which its tokens may speak, so that the identity provider of one county cannot issue
	// tokens for another agency.
	Agencies []string `json:"agencies,omitempty"`
	// Everyone lets it speak for all agencies of the directory. Only the development issuer has it; it cannot
	// be set in a file.
	Everyone bool `json:"-"`
	// Clients lets it also speak for persons whom matters concern.
	Clients bool `json:"clients,omitempty"`
	// Operators lets it also speak for operators.
	Operators bool `json:"operators,omitempty"`

	// Agency of its tokens that name no agency, except those of clients.
	Agency string `json:"agency,omitempty"`
	// Role of its tokens that name no role.
	Role Role `json:"role,omitempty"`
	// Claims are the names of the claims in its tokens.
	Claims Claims `json:"claims,omitzero"`
	// Roles maps its values of the role claim and the profession claim to ours; other values are refused. If
	// empty, its values are ours.
	Roles map[string]Role `json:"roles,omitempty"`
	// Units maps its values of the unit claim to units of the directory, in the same way.
	Units map[string]string `json:"units,omitempty"`
	// SignIn lets people sign in to the pages at this issuer. It needs Discovery.
	SignIn *SignIn `json:"signIn,omitempty"`

	// suite says that it is the suite's own issuer, which names the system that acts for a worker.
	suite bool
}

// Claims names the claims of an issuer's tokens: a claim's full name, or a path of names separated by dots
// into nested claims. An empty name is the default.
type Claims struct {
	// Agency; default koppi_agency.
	Agency string `json:"agency,omitempty"`
	// Unit; default koppi_unit. In a list, exactly one value may be known.
	Unit string `json:"unit,omitempty"`
	// Role; default koppi_role. In a list, exactly one value may be known, or two if they are team_leader and a
	// profession.
	Role string `json:"role,omitempty"`
	// Profession of a team leader, one of the workers' other roles, mapped by Roles; default koppi_profession.
	// It is not read for other roles. In a list, exactly one value may be known.
	Profession string `json:"profession,omitempty"`
	// Name of a worker for people to read; default name. A value that cannot be shown is ignored: one of more
	// than 100 characters, with control characters or an identity code, or of another type than a string.
	Name string `json:"name,omitempty"`
	// Worker is the name of a worker in events; default sub.
	Worker string `json:"worker,omitempty"`
	// Client is the internal id of a client; default koppi_client.
	Client string `json:"client,omitempty"`
	// Code holds a client's Finnish identity code instead; no default. It is replaced by the internal id at
	// once and not passed on.
	Code string `json:"code,omitempty"`
}

// SignIn configures how people sign in to the pages at an issuer.
type SignIn struct {
	// ClientID is the pages' client id at the issuer.
	ClientID string `json:"clientId"`
	// SecretFile is the file of the client secret, which only its owner may read; empty for a public client.
	SecretFile string `json:"secretFile,omitempty"`
	// Scopes to request in addition to openid.
	Scopes []string `json:"scopes,omitempty"`
	// Name of the issuer for people, in three languages.
	Name Names `json:"name"`
}

// Names are names in Finnish, Swedish and English.
type Names struct {
	Fi string `json:"fi"`
	Sv string `json:"sv"`
	En string `json:"en"`
}

// issuer is a trusted issuer with its keys, from a file or from a provider.
type issuer struct {
	IssuerConfig
	keys     jwk.Set
	provider *provider
}

// newIssuer checks an issuer's configuration and returns an error that names the place of a mistake.
func newIssuer(entry IssuerConfig, config VerifierConfig) (issuer, error) {
	wrong := func(place, format string, args ...any) error {
		return fmt.Errorf("identity: issuer %q: %s: %w", entry.Issuer, place, fmt.Errorf(format, args...))
	}
	made := issuer{IssuerConfig: entry}
	made.Claims = entry.Claims.filled()
	switch {
	case entry.Issuer == "":
		return made, wrong("issuer", "it is missing")
	case entry.Discovery && len(entry.JWKS) > 0:
		return made, wrong("discovery", "give either jwks or discovery, not both")
	case !entry.Discovery && len(entry.JWKS) == 0:
		return made, wrong("jwks", "both jwks and discovery are missing; give the issuer's public keys in jwks, as base64 of the set, or set \"discovery\": true")
	case entry.Discovery:
		if err := reachable(entry.Issuer); err != nil {
			return made, wrong("issuer", "%w", err)
		}
		made.provider = newProvider(entry.Issuer, config.Now)
	default:
		keys, err := staticKeys(entry.JWKS)
		if err != nil {
			return made, wrong("jwks", "%w", err)
		}
		made.keys = keys
	}
	for _, agency := range entry.Agencies {
		if _, known := config.Directory.Agency(agency); !known {
			return made, wrong("agencies", "no agency %q in the directory", agency)
		}
	}
	if entry.Agency != "" && !slices.Contains(entry.Agencies, entry.Agency) {
		return made, wrong("agency", "%q is not among its agencies", entry.Agency)
	}
	if entry.Role != "" && !entry.Role.known() {
		return made, wrong("role", "unknown role %q", entry.Role)
	}
	for theirs, role := range entry.Roles {
		if !role.known() {
			return made, wrong("roles: "+theirs, "unknown role %q", role)
		}
	}
	for theirs, unit := range entry.Units {
		if !slices.ContainsFunc(entry.Agencies, func(agency string) bool { return hasUnit(config.Directory, agency, unit) }) {
			return made, wrong("units: "+theirs, "none of its agencies has a unit %q", unit)
		}
	}
	switch {
	case entry.Claims.Code != "" && !entry.Clients:
		return made, wrong("claims: code", "it requires \"clients\": true")
	case entry.Claims.Code != "" && entry.Claims.Client != "":
		return made, wrong("claims: code", "give either client or code, not both")
	case entry.Claims.Code != "" && config.Secrets == nil:
		return made, wrong("claims: code", "this process cannot map identity codes to internal ids")
	}
	if err := entry.SignIn.check(entry.Discovery); err != nil {
		return made, wrong("signIn", "%w", err)
	}
	return made, nil
}

func (s *SignIn) check(discovered bool) error {
	switch {
	case s == nil:
		return nil
	case !discovered:
		return errors.New("it requires discovery")
	case s.ClientID == "":
		return errors.New("clientId is missing")
	case s.Name.Fi == "" || s.Name.Sv == "" || s.Name.En == "":
		return errors.New("name is missing in fi, sv or en")
	}
	return nil
}

// filled returns the claim names with defaults for empty ones.
func (c Claims) filled() Claims {
	return Claims{
		Agency: cmp.Or(c.Agency, claimAgency), Unit: cmp.Or(c.Unit, claimUnit), Role: cmp.Or(c.Role, claimRole),
		Worker: cmp.Or(c.Worker, "sub"), Client: cmp.Or(c.Client, claimClient), Code: c.Code,
		Name: cmp.Or(c.Name, claimName), Profession: cmp.Or(c.Profession, claimProfession),
	}
}

func hasUnit(known *directory.Directory, agency, unit string) bool {
	return unit != "" && known.Check(&commonv1.Party{Agency: agency, Unit: unit}, "unit") == nil
}

// reachable refuses an address at which somebody else could answer instead of the provider.
func reachable(address string) error {
	at, err := url.Parse(address)
	switch {
	case err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "":
		return errors.New("it must be a URL of only a host and a path")
	case at.Scheme == "https":
		return nil
	case at.Scheme == "http" && loopback.Is(at.Host):
		return nil
	}
	return errors.New("it must use https; http is allowed only on this machine")
}

// staticKeys parses the keys of a file.
func staticKeys(text []byte) (jwk.Set, error) {
	keys, err := jwk.Parse(text)
	if err != nil {
		return nil, errors.New(`it must be a key set: base64 of {"keys": […]} (RFC 7517 § 5)`)
	}
	if keys.Len() == 0 {
		return nil, errors.New("the key set is empty")
	}
	for i := range keys.Len() {
		key, _ := keys.Key(i)
		if algorithm, ok := key.Algorithm(); !ok || !slices.Contains(fileAlgorithms, algorithm.String()) {
			return nil, fmt.Errorf("key %d must have alg ES256 or EdDSA", i)
		}
	}
	return keys, nil
}
