package dev_test

import (
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

const agencies = `{"agencies":[
 {"agency":"kela","kind":"BENEFITS","names":{"fi":"K","sv":"F","en":"S"},"units":[{"unit":"a","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"]}],"noConsentProfile":"MINIMAL"}]}`

// A token for trials carries a worker's name and a leader's profession, and no profession that a verifier would refuse or
// ignore.
func TestIssueToken(t *testing.T) {
	folder := t.TempDir()
	known, err := directory.Parse([]byte(agencies))
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := identity.OpenDevIssuer(folder, dev.IssuerName)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := identity.OpenSecrets(folder)
	if err != nil {
		t.Fatal(err)
	}
	config, err := issuer.Config()
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := identity.NewVerifier(identity.VerifierConfig{
		Audience: identity.Audience, Issuers: []identity.IssuerConfig{config}, Directory: known, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	service := &dev.Service{Issuer: issuer, Directory: known, Secrets: secrets}
	for name, test := range map[string]struct {
		role, profession string
		// shown is the name in the token, and refused the field that is refused.
		shown, refused string
	}{
		"leader with a profession":    {role: "team_leader", profession: "social_worker", shown: "Taina Lähi"},
		"leader without a profession": {role: "team_leader", shown: "Taina Lähi"},
		"worker":                      {role: "youth_worker", shown: "Taina Lähi"},
		"system":                      {role: "system"},
		"operator":                    {role: "operator"},
		"client":                      {role: "client"},
		"unknown role":                {role: "king", refused: "role"},
		"unknown profession":          {role: "team_leader", profession: "king", refused: "profession"},
		"a leader by profession":      {role: "team_leader", profession: "team_leader", refused: "profession"},
		"a system by profession":      {role: "team_leader", profession: "system", refused: "profession"},
		"worker with a profession":    {role: "youth_worker", profession: "social_worker", refused: "profession"},
		"system with a profession":    {role: "system", profession: "social_worker", refused: "profession"},
		"client with a profession":    {role: "client", profession: "social_worker", refused: "profession"},
	} {
		issued, err := service.IssueToken(t.Context(), &devv1.IssueTokenRequest{
			Agency: "kela", Unit: "a", Worker: "tk-01", Role: test.role, Profession: test.profession, Name: "Taina Lähi",
			PersonalIdentityCode: "010594Y9032",
		})
		if test.refused != "" {
			if fault.ReasonOf(err) != fault.InvalidField || field(err) != test.refused {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		caller, err := verifier.Verify(t.Context(), issued.GetToken())
		if err != nil || string(caller.Role) != test.role || string(caller.Profession) != test.profession || caller.Name != test.shown {
			t.Errorf("%s: %+v, %v", name, caller, err)
		}
	}
}

// field returns the field that a refusal names, empty if it names none or several.
func field(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok && len(bad.GetFieldViolations()) == 1 {
			return bad.GetFieldViolations()[0].GetField()
		}
	}
	return ""
}
