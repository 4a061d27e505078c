package identity_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
)

const theirs = "https://provider.example.fi/realms/koppi"

// mapped returns a provider that uses its own names for all claims and values.
func mapped() identity.IssuerConfig {
	return identity.IssuerConfig{
		Issuer: theirs, Discovery: true, Agencies: []string{"kela"}, Clients: true, Operators: true, Agency: "kela",
		Claims: identity.Claims{Agency: "org.code", Unit: "org.units", Role: "realm_access.roles", Worker: "preferred_username", Code: "urn:oid:1.2.246.21"},
		Roles: map[string]identity.Role{
			"kasittelija": identity.RoleBenefitHandler, "ohjaaja": identity.RoleServiceGuide, "handler": identity.RoleBenefitHandler,
			"asiakas": identity.RoleClient, "kone": identity.RoleSystem, "yllapito": identity.RoleOperator,
			"esihenkilo": identity.RoleTeamLeader,
		},
		Units:  map[string]string{"etuus-1": "a", "etuus-2": "a"},
		SignIn: &identity.SignIn{ClientID: "koppi", Name: identity.Names{Fi: "a", Sv: "b", En: "c"}},
	}
}

func verifierOf(tb testing.TB, change func(*identity.VerifierConfig), issuers ...identity.IssuerConfig) (*identity.Verifier, *identity.Secrets, error) {
	tb.Helper()
	known, err := directory.Parse([]byte(agencies))
	if err != nil {
		tb.Fatal(err)
	}
	secrets, err := identity.OpenSecrets(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	config := identity.VerifierConfig{Audience: "koppi", Issuers: issuers, Directory: known, Now: time.Now, Secrets: secrets, Persons: idcode.AllPersons}
	if change != nil {
		change(&config)
	}
	verifier, err := identity.NewVerifier(config)
	return verifier, secrets, err
}

// A mistake in an issuer's configuration prevents the start, and the error names its place.
func TestIssuerConfigErrors(t *testing.T) {
	for place, change := range map[string]func(*identity.IssuerConfig){
		"issuer: it is missing":                                              func(c *identity.IssuerConfig) { c.Issuer = "" },
		"issuer: it must use https":                                          func(c *identity.IssuerConfig) { c.Issuer = "http://provider.example.fi" },
		"issuer: it must be a URL of only a host":                            func(c *identity.IssuerConfig) { c.Issuer = "https://a:b@provider.example.fi" },
		"issuer: it must be a URL":                                           func(c *identity.IssuerConfig) { c.Issuer = "provider.example.fi" },
		"discovery: give either jwks or discovery":                           func(c *identity.IssuerConfig) { c.JWKS = []byte(`{"keys":[]}`) },
		`issuer "` + theirs + `": jwks: both jwks and discovery are missing`: func(c *identity.IssuerConfig) { c.Discovery = false },
		"jwks: it must be a key set":                                         func(c *identity.IssuerConfig) { c.Discovery, c.JWKS = false, []byte(`{"keys": [`) },
		"jwks: the key set is empty":                                         func(c *identity.IssuerConfig) { c.Discovery, c.JWKS = false, []byte(`{"keys": []}`) },
		`agencies: no agency "nowhere"`:                                      func(c *identity.IssuerConfig) { c.Agencies = append(c.Agencies, "nowhere") },
		`agency: "hva" is not among its agencies`:                            func(c *identity.IssuerConfig) { c.Agency = "hva" },
		`role: unknown role "king"`:                                          func(c *identity.IssuerConfig) { c.Role = "king" },
		`roles: kuningas: unknown role "king"`:                               func(c *identity.IssuerConfig) { c.Roles["kuningas"] = "king" },
		`units: x: none of its agencies has`:                                 func(c *identity.IssuerConfig) { c.Units["x"] = "b" },
		`claims: code: it requires "clients": true`:                          func(c *identity.IssuerConfig) { c.Clients = false },
		"claims: code: give either client or code":                           func(c *identity.IssuerConfig) { c.Claims.Client = "c" },
		"signIn: it requires discovery":                                      func(c *identity.IssuerConfig) { c.Discovery, c.JWKS = false, keys(t) },
		"signIn: clientId is missing":                                        func(c *identity.IssuerConfig) { c.SignIn.ClientID = "" },
		"signIn: name is missing in fi, sv or en":                            func(c *identity.IssuerConfig) { c.SignIn.Name.Sv = "" },
		"listed twice":                                                       nil,
		"claims: code: this process cannot map":                              func(*identity.IssuerConfig) {},
	} {
		issuers := []identity.IssuerConfig{mapped()}
		var without func(*identity.VerifierConfig)
		switch {
		case change == nil:
			issuers = append(issuers, mapped())
		case strings.HasPrefix(place, "claims: code: this process"):
			without = func(c *identity.VerifierConfig) { c.Secrets = nil }
		default:
			change(&issuers[0])
		}
		if _, _, err := verifierOf(t, without, issuers...); err == nil || !strings.Contains(err.Error(), place) {
			t.Errorf("%s: %v", place, err)
		}
	}
	if _, _, err := verifierOf(t, nil, mapped()); err != nil {
		t.Errorf("a good one: %v", err)
	}
	local := mapped()
	local.Issuer = "http://localhost:9998"
	if _, _, err := verifierOf(t, nil, local); err != nil {
		t.Errorf("one on this machine: %v", err)
	}
}

// keys returns the key set of an issuer with a file.
func keys(t *testing.T) []byte {
	t.Helper()
	issuer, err := identity.OpenDevIssuer(t.TempDir(), "x")
	if err != nil {
		t.Fatal(err)
	}
	config, err := issuer.For()
	if err != nil {
		t.Fatal(err)
	}
	return config.JWKS
}

// A provider's claims are read by its own names, and its values are mapped to Koppi's.
func TestClaimMapping(t *testing.T) {
	verifier, secrets, err := verifierOf(t, nil, mapped())
	if err != nil {
		t.Fatal(err)
	}
	code, err := idcode.Parse("010594Y9032", idcode.AllPersons, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	expires := time.Now().Add(time.Hour)
	worker := identity.Caller{Agency: "kela", Unit: "a", Worker: "w", Role: identity.RoleBenefitHandler}
	system := identity.Caller{Agency: "kela", Role: identity.RoleSystem, System: true, SystemSubject: "w"}
	refused := identity.Caller{}
	for claims, want := range map[string]identity.Caller{
		`{"realm_access":{"roles":["x","kasittelija"]},"org":{"code":"kela","units":["y","etuus-1"]}}`:  worker,
		`{"realm_access":{"roles":["handler","kasittelija"]},"org":{"units":["etuus-2","etuus-1"]}}`:    worker,
		`{"realm_access.roles":"kasittelija","org":{"units":"etuus-1"}}`:                                worker,
		`{"realm_access":{"roles":"kone"}}`:                                                             system,
		`{"realm_access":{"roles":"kone"},"urn:oid:1.2.246.21":"010594Y9032"}`:                          system,
		`{"realm_access":{"roles":"asiakas"},"urn:oid:1.2.246.21":"010594Y9032"}`:                       {Role: identity.RoleClient, Client: secrets.ClientID(code)},
		`{"realm_access":{"roles":"yllapito"}}`:                                                         {Agency: "kela", Worker: "w", Role: identity.RoleOperator},
		`{"realm_access":{"roles":"benefit_handler"}}`:                                                  refused,
		`{"realm_access":{"roles":["kasittelija","ohjaaja"]}}`:                                          refused,
		`{"realm_access":{"roles":[]}}`:                                                                 refused,
		`{"realm_access":{"roles":["kasittelija",1]}}`:                                                  refused,
		`{"realm_access":{"roles":1}}`:                                                                  refused,
		`{"realm_access":"kasittelija"}`:                                                                refused,
		`{}`:                                                                                            refused,
		`{"koppi_role":"benefit_handler","koppi_agency":"kela"}`:                                        refused,
		`{"realm_access":{"roles":"kasittelija"},"org":{"code":"hva"}}`:                                 refused,
		`{"realm_access":{"roles":"kasittelija"},"org":{"code":["kela"]}}`:                              refused,
		`{"realm_access":{"roles":"kasittelija"},"org":{"units":"a"}}`:                                  refused,
		`{"realm_access":{"roles":"kasittelija"},"org":{"units":["a","b"]}}`:                            refused,
		`{"realm_access":{"roles":"kasittelija"},"preferred_username":"010594Y9032"}`:                   refused,
		`{"realm_access":{"roles":"kasittelija"},"preferred_username":"a\u0000"}`:                       refused,
		`{"realm_access":{"roles":"kasittelija"},"preferred_username":["w"]}`:                           refused,
		`{"realm_access":{"roles":"asiakas"},"urn:oid:1.2.246.21":"010594Y9033"}`:                       refused,
		`{"realm_access":{"roles":"asiakas"},"urn:oid:1.2.246.21":["010594Y9032"]}`:                     refused,
		`{"realm_access":{"roles":"asiakas"},"koppi_client":"ab"}`:                                      refused,
		`{"realm_access":{"roles":"asiakas"},"org":{"code":"kela"},"urn:oid:1.2.246.21":"010594Y9032"}`: refused,
	} {
		all := map[string]any{"preferred_username": "w"}
		if err := json.Unmarshal([]byte(claims), &all); err != nil {
			t.Fatal(err)
		}
		got, err := verifier.CallerOf(theirs, all, expires)
		if want == refused {
			if fault.ReasonOf(err) != fault.TokenInvalid || strings.Contains(err.Error(), "010594") {
				t.Errorf("%s: %+v, %v", claims, got, err)
			}
			continue
		}
		want.Expires, want.Issuer = expires, theirs
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", claims, got, err)
		}
	}
}

// Whatever a provider claims, the caller is always one that the configuration allows.
func FuzzClaims(f *testing.F) {
	for _, claims := range []string{
		`{"realm_access":{"roles":["x","kasittelija"]},"org":{"code":"kela","units":["etuus-1"]},"preferred_username":"w"}`,
		`{"realm_access":{"roles":"asiakas"},"urn:oid:1.2.246.21":"010594Y9032"}`,
		`{"org.code":"hva","org":{"code":"kela"},"realm_access":{"roles":["yllapito"]},"preferred_username":"w"}`,
		`{"realm_access":{"roles":["esihenkilo","ohjaaja"]},"koppi_profession":"ohjaaja","preferred_username":"w","name":"010594Y9032"}`,
		`{"realm_access.roles":[["kone"]],"org":[{"units":1}]}`, `{"":null}`, `[]`,
	} {
		f.Add([]byte(claims))
	}
	config := mapped()
	verifier, secrets, err := verifierOf(f, nil, config)
	if err != nil {
		f.Fatal(err)
	}
	roles := slices.Collect(maps.Values(config.Roles))
	f.Fuzz(func(t *testing.T, text []byte) {
		var claims map[string]any
		if json.Unmarshal(text, &claims) != nil {
			return
		}
		caller, err := verifier.CallerOf(theirs, claims, time.Time{})
		switch {
		case err != nil:
			if fault.ReasonOf(err) != fault.TokenInvalid {
				t.Fatalf("%s: %v", text, err)
			}
		case idcode.In(caller.Name) || caller.Name != "" && !caller.Role.IsWorker():
			t.Fatalf("%s: shown as %q", text, caller.Name)
		case caller.Profession != "" && (caller.Role != identity.RoleTeamLeader || !caller.Profession.IsProfession()):
			t.Fatalf("%s: %+v", text, caller)
		case !slices.Contains(roles, caller.Role) || caller.Issuer != theirs:
			t.Fatalf("%s: %+v", text, caller)
		case caller.Role == identity.RoleClient:
			named, whole := claims["urn:oid:1.2.246.21"].(string)
			code, err := idcode.Parse(named, idcode.AllPersons, time.Now())
			if whole && (err != nil || caller.Client != secrets.ClientID(code)) || caller.Client == "" || caller.Agency+caller.Worker+caller.SystemSubject != "" {
				t.Fatalf("%s: %+v", text, caller)
			}
		case caller.Agency != "kela" || caller.Unit != "" && caller.Unit != "a" || caller.Client != "" || caller.Worker+caller.SystemSubject == "":
			t.Fatalf("%s: %+v", text, caller)
		default:
			if idcode.In(caller.Worker + caller.SystemSubject) {
				t.Fatalf("%s: an identity code as a name", text)
			}
		}
	})
}
