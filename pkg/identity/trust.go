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

// IssuerConfig is an issuer that is believed, and for whom it may speak.
type IssuerConfig struct {
	// Issuer is the name that its tokens carry; with Discovery, its URL.
	Issuer string `json:"issuer"`
	// JWKS is the issuer's public keys, each with its alg: ES256 or EdDSA.
	JWKS []byte `json:"jwks,omitempty"`
	// Discovery: its keys are asked for at its URL (OpenID Connect Discovery 1.0), by https,
	// or by http on this machine for trials. Instead of JWKS.
	Discovery bool `json:"discovery,omitempty"`
	// Audience that its tokens must name; the verifier's where it is empty.
	Audience string `json:"audience,omitempty"`
	// Agencies for which its tokens may speak: no county's identity provider mints
	// another agency's token.
	Agencies []string `json:"agencies,omitempty"`
	// Everyone: it speaks for all agencies of the directory. Only the development
	// issuer does; no file can say so.
	Everyone bool `json:"-"`
	// Clients: it may also speak for the persons whom matters concern.
	Clients bool `json:"clients,omitempty"`
	// Operators: it may also speak for those who run Koppi.
	Operators bool `json:"operators,omitempty"`

	// Agency of all its tokens that are not of clients, where they name none of their own.
	Agency string `json:"agency,omitempty"`
	// Role of all its tokens, where they name none of their own.
	Role Role `json:"role,omitempty"`
	// Claims are its names for what a token says.
	Claims Claims `json:"claims,omitzero"`
	// Roles leads its values to ours; another value is refused. Without it they are ours.
	Roles map[string]Role `json:"roles,omitempty"`
	// Units leads its values to the directory's, likewise.
	Units map[string]string `json:"units,omitempty"`
	// SignIn lets people sign in to the pages there; needs Discovery.
	SignIn *SignIn `json:"signIn,omitempty"`

	// suite: it is the suite's own, which says in whose name a system acts.
	suite bool
}

// Claims names the claims of an issuer's tokens: a claim's whole name, or a path of
// names with dots between them into claims within claims. An empty one is the default.
type Claims struct {
	// Agency; default koppi_agency.
	Agency string `json:"agency,omitempty"`
	// Unit; default koppi_unit. Of a list exactly one may be known.
	Unit string `json:"unit,omitempty"`
	// Role; default koppi_role. Of a list exactly one may be known.
	Role string `json:"role,omitempty"`
	// Worker is what a worker is called in events; default sub.
	Worker string `json:"worker,omitempty"`
	// Client is the inner id of a client; default koppi_client.
	Client string `json:"client,omitempty"`
	// Code holds a client's Finnish identity code instead; no default. It is swapped for
	// the inner id at once and goes nowhere else.
	Code string `json:"code,omitempty"`
}

// SignIn is how the pages sign people in at an issuer.
type SignIn struct {
	// ClientID that the issuer knows the pages by.
	ClientID string `json:"clientId"`
	// SecretFile is the file of the client's secret, which only its owner may read; empty
	// for a public client.
	SecretFile string `json:"secretFile,omitempty"`
	// Scopes asked for beside openid.
	Scopes []string `json:"scopes,omitempty"`
	// Name by which people know the issuer, in three languages.
	Name Names `json:"name"`
}

// Names are what something is called in Finnish, Swedish and English.
type Names struct {
	Fi string `json:"fi"`
	Sv string `json:"sv"`
	En string `json:"en"`
}

// issuer is one that is believed, with its keys: those of a file, or a provider's.
type issuer struct {
	IssuerConfig
	keys     jwk.Set
	provider *provider
}

// newIssuer refuses what is wrong in an issuer's configuration, and names the place.
func newIssuer(entry IssuerConfig, config VerifierConfig) (issuer, error) {
	wrong := func(place, format string, args ...any) error {
		return fmt.Errorf("identity: issuer %q: %s: %w", entry.Issuer, place, fmt.Errorf(format, args...))
	}
	made := issuer{IssuerConfig: entry}
	made.Claims = entry.Claims.filled()
	switch {
	case entry.Issuer == "":
		return made, wrong("issuer", "it is unnamed")
	case entry.Discovery && len(entry.JWKS) > 0:
		return made, wrong("discovery", "either jwks or discovery, not both")
	case !entry.Discovery && len(entry.JWKS) == 0:
		return made, wrong("jwks", "both jwks and discovery are missing; give the issuer's public keys in jwks, as base64 of the set, or have them asked for with \"discovery\": true")
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
		return made, wrong("agency", "it may not speak for %q", entry.Agency)
	}
	if entry.Role != "" && !entry.Role.known() {
		return made, wrong("role", "there is no role %q", entry.Role)
	}
	for theirs, role := range entry.Roles {
		if !role.known() {
			return made, wrong("roles: "+theirs, "there is no role %q", role)
		}
	}
	for theirs, unit := range entry.Units {
		if !slices.ContainsFunc(entry.Agencies, func(agency string) bool { return hasUnit(config.Directory, agency, unit) }) {
			return made, wrong("units: "+theirs, "none of its agencies has a unit %q", unit)
		}
	}
	switch {
	case entry.Claims.Code != "" && !entry.Clients:
		return made, wrong("claims: code", "it speaks for no clients")
	case entry.Claims.Code != "" && entry.Claims.Client != "":
		return made, wrong("claims: code", "either client or code, not both")
	case entry.Claims.Code != "" && config.Secrets == nil:
		return made, wrong("claims: code", "identity codes are not swapped for inner ids here")
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
		return errors.New("it needs discovery")
	case s.ClientID == "":
		return errors.New("clientId is missing")
	case s.Name.Fi == "" || s.Name.Sv == "" || s.Name.En == "":
		return errors.New("name is missing in fi, sv or en")
	}
	return nil
}

// filled has the defaults where nothing is named.
func (c Claims) filled() Claims {
	return Claims{
		Agency: cmp.Or(c.Agency, claimAgency), Unit: cmp.Or(c.Unit, claimUnit), Role: cmp.Or(c.Role, claimRole),
		Worker: cmp.Or(c.Worker, "sub"), Client: cmp.Or(c.Client, claimClient), Code: c.Code,
	}
}

func hasUnit(known *directory.Directory, agency, unit string) bool {
	return unit != "" && known.Check(&commonv1.Party{Agency: agency, Unit: unit}, "unit") == nil
}

// reachable refuses an address that others could answer in the provider's place.
func reachable(address string) error {
	at, err := url.Parse(address)
	switch {
	case err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "":
		return errors.New("it is no URL of a host and a path alone")
	case at.Scheme == "https":
		return nil
	case at.Scheme == "http" && loopback.Is(at.Host):
		return nil
	}
	return errors.New("it is reached by https, or by http on this machine alone")
}

// staticKeys are those of a file.
func staticKeys(text []byte) (jwk.Set, error) {
	keys, err := jwk.Parse(text)
	if err != nil {
		return nil, errors.New(`it is no set of keys; it is base64 of {"keys": […]} (RFC 7517 § 5)`)
	}
	if keys.Len() == 0 {
		return nil, errors.New("there are no keys")
	}
	for i := range keys.Len() {
		key, _ := keys.Key(i)
		if algorithm, ok := key.Algorithm(); !ok || !slices.Contains(fileAlgorithms, algorithm.String()) {
			return nil, fmt.Errorf("key %d is not of alg ES256 or EdDSA", i)
		}
	}
	return keys, nil
}
