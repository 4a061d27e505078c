package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
)

const agencies = `{"agencies":[
 {"agency":"kela","kind":"BENEFITS","names":{"fi":"K","sv":"F","en":"S"},"units":[{"unit":"a","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"]}],"noConsentProfile":"MINIMAL"},
 {"agency":"hva","kind":"SOCIAL_SERVICES","names":{"fi":"H","sv":"V","en":"W"},"units":[{"unit":"b","names":{"fi":"B","sv":"B","en":"B"},"languages":["fi"]}],"noConsentProfile":"NECESSARY"}]}`

type tokens struct {
	issuer    *identity.Issuer
	verifier  *identity.Verifier
	config    identity.IssuerConfig
	directory *directory.Directory
}

func newTokens(t *testing.T, bound ...string) tokens {
	t.Helper()
	known, err := directory.Parse([]byte(agencies))
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := identity.OpenDevIssuer(t.TempDir(), "https://issuer.test")
	if err != nil {
		t.Fatal(err)
	}
	config, err := issuer.Config()
	if err != nil {
		t.Fatal(err)
	}
	if len(bound) > 0 {
		config.Agencies, config.Clients, config.Everyone = bound, false, false
	}
	verifier, err := identity.NewVerifier(identity.VerifierConfig{
		Audience: identity.Audience, Issuers: []identity.IssuerConfig{config}, Directory: known, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return tokens{issuer: issuer, verifier: verifier, config: config, directory: known}
}

func (k tokens) issue(t *testing.T, caller identity.Caller, life time.Duration) string {
	t.Helper()
	token, err := k.issuer.Issue(caller, time.Now(), life)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

var kelaWorker = identity.Caller{Agency: "kela", Unit: "a", Worker: "kela-17", Role: identity.RoleBenefitHandler}

func TestTokens(t *testing.T) {
	k := newTokens(t)
	caller, err := k.verifier.Verify(t.Context(), k.issue(t, kelaWorker, time.Hour))
	if err != nil || caller.Agency != "kela" || caller.Worker != "kela-17" || caller.System {
		t.Fatalf("%+v, %v", caller, err)
	}
	good := k.issue(t, kelaWorker, time.Hour)
	acting := kelaWorker
	acting.System, acting.SystemSubject = true, "kelmu"
	if caller, err := k.verifier.Verify(t.Context(), k.issue(t, acting, time.Hour)); err != nil || caller.System {
		t.Errorf("an agency's issuer names the acting system: %+v, %v", caller, err)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://issuer.test","aud":"koppi","exp":9999999999,"sub":"x","koppi_agency":"kela","koppi_role":"system"}`)) + "."
	for name, test := range map[string]struct {
		token string
		want  fault.Reason
	}{
		"missing":            {"", fault.TokenRequired},
		"expired":            {k.issue(t, kelaWorker, -time.Minute), fault.TokenExpired},
		"foreign-signed":     {newTokens(t).issue(t, kelaWorker, time.Hour), fault.TokenInvalid},
		"alg none":           {none, fault.TokenInvalid},
		"garbage":            {"a.b.c", fault.TokenInvalid},
		"cut":                {good[:len(good)-4], fault.TokenInvalid},
		"hmac of public key": {hmacToken(t, k.config), fault.TokenInvalid},
		"unknown unit":       {k.issue(t, identity.Caller{Agency: "kela", Unit: "zz", Worker: "w", Role: identity.RoleBenefitHandler}, time.Hour), fault.TokenInvalid},
		"unknown role":       {k.issue(t, identity.Caller{Agency: "kela", Worker: "w", Role: "king"}, time.Hour), fault.TokenInvalid},
		"client with agency": {k.issue(t, identity.Caller{Agency: "kela", Client: "c", Role: identity.RoleClient}, time.Hour), fault.TokenInvalid},
	} {
		if _, err := k.verifier.Verify(t.Context(), test.token); fault.ReasonOf(err) != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

func hmacToken(t *testing.T, config identity.IssuerConfig) string {
	t.Helper()
	token, err := jwt.NewBuilder().Issuer(config.Issuer).Audience([]string{identity.Audience}).Expiration(time.Now().Add(time.Hour)).
		Subject("x").Claim("koppi_agency", "kela").Claim("koppi_role", "system").Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.HS256(), config.JWKS))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

func TestIssuerAgencies(t *testing.T) {
	k := newTokens(t, "hva")
	if _, err := k.verifier.Verify(t.Context(), k.issue(t, kelaWorker, time.Hour)); fault.ReasonOf(err) != fault.TokenInvalid {
		t.Errorf("a county's issuer speaks for Kela: %v", err)
	}
	client := identity.Caller{Role: identity.RoleClient, Client: "ab"}
	if _, err := k.verifier.Verify(t.Context(), k.issue(t, client, time.Hour)); fault.ReasonOf(err) != fault.TokenInvalid {
		t.Errorf("a county's issuer speaks for clients: %v", err)
	}
}

func TestPseudonyms(t *testing.T) {
	folder := t.TempDir()
	secrets, err := identity.OpenSecrets(folder)
	if err != nil {
		t.Fatal(err)
	}
	code, err := idcode.Parse("010594Y9032", idcode.AllPersons, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	internal := secrets.ClientID(code)
	kela, hva := secrets.Pseudonym(identity.KindClient, "kela", internal), secrets.Pseudonym(identity.KindClient, "hva", internal)
	if kela == hva || kela == secrets.Pseudonym(identity.KindCase, "kela", internal) {
		t.Error("two agencies can match their clients")
	}
	if back, ok := secrets.InternalID(identity.KindClient, "kela", kela); !ok || back != internal {
		t.Error("a pseudonym does not resolve")
	}
	if _, ok := secrets.InternalID(identity.KindClient, "hva", kela); ok {
		t.Error("another agency's pseudonym is accepted")
	}
	again, err := identity.OpenSecrets(folder)
	if err != nil || again.Pseudonym(identity.KindClient, "kela", again.ClientID(code)) != kela {
		t.Error("a restart changes pseudonyms")
	}
	if err := os.Chmod(filepath.Join(folder, identity.SecretsFile), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := identity.OpenSecrets(folder); err == nil {
		t.Error("a key file that other users can read is accepted")
	}
}

func TestIssuersRefused(t *testing.T) {
	k := newTokens(t)
	known, _ := directory.Parse([]byte(agencies))
	unknown := k.config
	unknown.Agencies = []string{"nowhere"}
	shared := k.config
	shared.JWKS, _ = json.Marshal(map[string]any{"keys": []any{map[string]string{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}}})
	for name, config := range map[string]identity.IssuerConfig{"unknown agency": unknown, "shared secret": shared} {
		if _, err := identity.NewVerifier(identity.VerifierConfig{Issuers: []identity.IssuerConfig{config}, Directory: known, Now: time.Now}); err == nil {
			t.Errorf("%s starts", name)
		}
	}
}

// A case belongs to exactly one client.
func TestCases(t *testing.T) {
	secrets, err := identity.OpenSecrets(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	anna, bo := secrets.RandomClientID(), secrets.RandomClientID()
	matter := secrets.NewCase(anna)
	if !secrets.IsCaseOf(matter, anna) || secrets.IsCaseOf(matter, bo) || secrets.IsCaseOf(matter, "") || secrets.IsCaseOf(anna, anna) {
		t.Error("a case belongs to the wrong client")
	}
	if matter == secrets.NewCase(anna) {
		t.Error("two cases are one")
	}
	if name := secrets.Pseudonym(identity.KindCase, "kela", matter); name == "" {
		t.Error("a case has no pseudonym")
	} else if internal, ok := secrets.InternalID(identity.KindCase, "kela", name); !ok || internal != matter {
		t.Error("a case is not found by its pseudonym")
	}
}
