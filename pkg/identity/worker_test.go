package identity_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

// caller maps claims of a worker of kela, with more claims as JSON, to a caller of the suite's own form.
func (k tokens) caller(t *testing.T, more string) (identity.Caller, error) {
	t.Helper()
	claims := map[string]any{"sub": "w", "koppi_agency": "kela", "koppi_role": "benefit_handler"}
	if err := json.Unmarshal([]byte(more), &claims); err != nil {
		t.Fatal(err)
	}
	return k.verifier.CallerOf(k.config.Issuer, claims, time.Time{})
}

// A name that can be shown is the worker's; any other is ignored, and refuses nothing.
func TestNames(t *testing.T) {
	k := newTokens(t)
	long := strings.Repeat("ä", 100)
	for claims, want := range map[string]string{
		`{"name":"Taina Lähi"}`:                            "Taina Lähi",
		`{"name":"  Taina Lähi\n"}`:                        "Taina Lähi",
		fmt.Sprintf(`{"name":%q}`, long):                   long,
		fmt.Sprintf(`{"name":" %s "}`, long):               long,
		fmt.Sprintf(`{"name":"%sx"}`, long):                "",
		`{"name":"Taina\u0000Lähi"}`:                       "",
		`{"name":"Taina\nLähi"}`:                           "",
		`{"name":"Taina\u202eLähi"}`:                       "",
		`{"name":"Taina\u2028Lähi"}`:                       "",
		`{"name":"Taina Lähi 010594Y9032"}`:                "",
		`{"name":"Taina Lähi 010594 Y 9032"}`:              "",
		`{"name":["Taina Lähi"]}`:                          "",
		`{"name":{"fi":"Taina Lähi"}}`:                     "",
		`{"name":17}`:                                      "",
		`{"name":null}`:                                    "",
		`{}`:                                               "",
		`{"koppi_role":"team_leader","name":"Taina Lähi"}`: "Taina Lähi",
		`{"koppi_role":"system","name":"Taina Lähi"}`:      "",
		`{"koppi_role":"operator","name":"Taina Lähi"}`:    "",
		`{"koppi_role":"client","koppi_agency":"","koppi_client":"ab","name":"Taina Lähi"}`: "",
	} {
		caller, err := k.caller(t, claims)
		if err != nil || caller.Name != want {
			t.Errorf("%s: %q, %v", claims, caller.Name, err)
		}
	}
}

// A team leader has at most one profession, and nobody else has one beside the role.
func TestProfessions(t *testing.T) {
	k := newTokens(t)
	leader := func(profession identity.Role) identity.Caller {
		return identity.Caller{Role: identity.RoleTeamLeader, Profession: profession}
	}
	refused := identity.Caller{}
	for claims, want := range map[string]identity.Caller{
		`{"koppi_role":"team_leader"}`:                                                                   leader(""),
		`{"koppi_role":["team_leader"]}`:                                                                 leader(""),
		`{"koppi_role":"team_leader","koppi_profession":""}`:                                             leader(""),
		`{"koppi_role":"team_leader","koppi_profession":"social_worker"}`:                                leader("social_worker"),
		`{"koppi_role":"team_leader","koppi_profession":["x","social_worker"]}`:                          leader("social_worker"),
		`{"koppi_role":["team_leader","social_worker"]}`:                                                 leader("social_worker"),
		`{"koppi_role":["x","social_worker","team_leader","social_worker"]}`:                             leader("social_worker"),
		`{"koppi_role":["team_leader","social_worker"],"koppi_profession":"social_worker"}`:              leader("social_worker"),
		`{"koppi_role":["team_leader","social_worker"],"koppi_profession":"youth_worker"}`:               refused,
		`{"koppi_role":["team_leader","social_worker","youth_worker"]}`:                                  refused,
		`{"koppi_role":["youth_worker","social_worker"]}`:                                                refused,
		`{"koppi_role":["team_leader","system"]}`:                                                        refused,
		`{"koppi_role":["team_leader","operator"]}`:                                                      refused,
		`{"koppi_role":["team_leader","client"]}`:                                                        refused,
		`{"koppi_role":"team_leader","koppi_profession":"king"}`:                                         refused,
		`{"koppi_role":"team_leader","koppi_profession":"team_leader"}`:                                  refused,
		`{"koppi_role":"team_leader","koppi_profession":"system"}`:                                       refused,
		`{"koppi_role":"team_leader","koppi_profession":["king"]}`:                                       refused,
		`{"koppi_role":"team_leader","koppi_profession":["social_worker","youth_worker"]}`:               refused,
		`{"koppi_role":"team_leader","koppi_profession":17}`:                                             refused,
		`{"koppi_role":"youth_worker","koppi_profession":"social_worker"}`:                               {Role: identity.RoleYouthWorker},
		`{"koppi_role":"youth_worker","koppi_profession":17}`:                                            {Role: identity.RoleYouthWorker},
		`{"koppi_role":"system","koppi_profession":"social_worker"}`:                                     {Role: identity.RoleSystem},
		`{"koppi_role":"client","koppi_agency":"","koppi_client":"a","koppi_profession":"youth_worker"}`: {Role: identity.RoleClient},
	} {
		caller, err := k.caller(t, claims)
		switch {
		case want == refused:
			if fault.ReasonOf(err) != fault.TokenInvalid {
				t.Errorf("%s: %+v, %v", claims, caller, err)
			}
		case err != nil || caller.Role != want.Role || caller.Profession != want.Profession:
			t.Errorf("%s: %+v, %v", claims, caller, err)
		}
	}
}

// The rules on professions read a leader's profession, and everybody else's role.
func TestActs(t *testing.T) {
	for want, caller := range map[identity.Role]identity.Caller{
		identity.RoleSocialWorker: {Role: identity.RoleTeamLeader, Profession: identity.RoleSocialWorker},
		identity.RoleTeamLeader:   {Role: identity.RoleTeamLeader},
		identity.RoleYouthWorker:  {Role: identity.RoleYouthWorker},
		identity.RoleSystem:       {Role: identity.RoleSystem},
	} {
		if acts := caller.Acts(); acts != want {
			t.Errorf("%+v acts as %s", caller, acts)
		}
	}
}

// A provider's own names of the claims and values count, also for the name and the profession.
func TestProfessionMapping(t *testing.T) {
	config := mapped()
	config.Claims.Name, config.Claims.Profession = "profile.shown", "profile.nimike"
	verifier, _, err := verifierOf(t, nil, config)
	if err != nil {
		t.Fatal(err)
	}
	leader := identity.Caller{Role: identity.RoleTeamLeader, Profession: identity.RoleServiceGuide, Name: "Taina Lähi"}
	for claims, want := range map[string]identity.Caller{
		`{"realm_access":{"roles":["esihenkilo"]},"profile":{"shown":"Taina Lähi","nimike":"ohjaaja"}}`:                        leader,
		`{"realm_access":{"roles":["esihenkilo","ohjaaja"]},"profile":{"shown":"Taina Lähi"},"name":"x"}`:                      leader,
		`{"realm_access":{"roles":["esihenkilo"]},"name":"Taina Lähi","koppi_profession":"service_guide"}`:                     {Role: identity.RoleTeamLeader},
		`{"realm_access":{"roles":["esihenkilo"]},"profile":{"shown":"Taina Lähi","nimike":"service_guide"}}`:                  {},
		`{"realm_access":{"roles":["esihenkilo","ohjaaja","kasittelija"]},"profile":{"shown":"Taina Lähi"}}`:                   {},
		`{"realm_access":{"roles":["ohjaaja"]},"profile":{"shown":"Taina Lähi","nimike":"kasittelija"},"org":{"code":"kela"}}`: {Role: identity.RoleServiceGuide, Name: "Taina Lähi"},
	} {
		all := map[string]any{"preferred_username": "w"}
		if err := json.Unmarshal([]byte(claims), &all); err != nil {
			t.Fatal(err)
		}
		got, err := verifier.CallerOf(theirs, all, time.Time{})
		if (err != nil) != (want.Role == "") || got.Role != want.Role || got.Profession != want.Profession || got.Name != want.Name {
			t.Errorf("%s: %+v, %v", claims, got, err)
		}
	}
}

// A leader whom a gateway names to a service is there who she is here. Another name makes another token.
func TestSuiteNamesLeader(t *testing.T) {
	g := newGateway(t, nil)
	for _, name := range []string{"Taina Lähi", "Taina Lähi-Virta", strings.Repeat("𐍈", 100)} {
		leader := identity.Caller{
			Agency: "kela", Unit: "a", Worker: "tk-01", Role: identity.RoleTeamLeader, Profession: identity.RoleHealthProfessional, Name: name,
		}
		seen, err := g.call(t.Context(), "authorization", "Bearer "+g.issue(t, leader, time.Hour))
		leader.Issuer, leader.Expires = seen.Issuer, seen.Expires
		if err != nil || seen != leader {
			t.Errorf("%+v, %v", seen, err)
		}
	}
	system := g.issue(t, identity.Caller{Agency: "kela", Role: identity.RoleSystem, SystemSubject: "kelmu"}, time.Hour)
	seen, err := g.call(t.Context(), "authorization", "Bearer "+system, identity.MetadataOnBehalfOf, "tk-01;a;team_leader")
	if err != nil || seen.Role != identity.RoleTeamLeader || seen.Profession != "" || seen.Name != "" || !seen.System {
		t.Errorf("on behalf of a leader: %+v, %v", seen, err)
	}
}

// The directory file takes the professions of this package, and no other word.
func TestDirectoryKnowsProfessions(t *testing.T) {
	file := func(profession identity.Role) error {
		_, err := directory.Parse(fmt.Appendf(nil, `{"agencies":[{"agency":"kela","kind":"BENEFITS","names":{"fi":"K","sv":"F","en":"S"},"noConsentProfile":"MINIMAL",
			"units":[{"unit":"a","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"],"workers":[{"worker":"w","profession":%q}]}]}]}`, profession))
		return err
	}
	var professions []string
	for _, role := range append(identity.Workers(), identity.RoleSystem, identity.RoleClient, identity.RoleOperator, identity.RoleSuite) {
		if err := file(role); (err == nil) != role.IsProfession() {
			t.Errorf("%s: %v", role, err)
		}
		if role.IsProfession() {
			professions = append(professions, string(role))
		}
	}
	// The refusal lists what the directory takes.
	if err := file("king"); err == nil || !strings.HasSuffix(err.Error(), "profession: it must be one of "+strings.Join(professions, ", ")) {
		t.Error(err)
	}
}
