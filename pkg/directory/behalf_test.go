package directory_test

import (
	"reflect"
	"strings"
	"testing"

	"koppi.internal/pkg/directory"
)

// limiting is the directory of the other tests, whose agency limits its systems.
func limiting(entries string) string {
	return strings.Replace(good, `"noConsentProfile"`, `"onBehalfOf":`+entries+`,"noConsentProfile"`, 1)
}

// The entry that names a system holds for it, and that without a system for all others. Without an entry a
// system may act for everybody.
func TestOnBehalf(t *testing.T) {
	d, err := directory.Parse([]byte(limiting(`[{"system":"etuus","units":["a"]},{"roles":["benefit_handler","team_leader"],"colleaguesOnly":true},{"system":"urn:free"}]`)))
	if err != nil {
		t.Fatal(err)
	}
	rest := directory.OnBehalf{Roles: []string{"benefit_handler", "team_leader"}, ColleaguesOnly: true}
	for system, want := range map[string]directory.OnBehalf{
		"etuus": {System: "etuus", Units: []string{"a"}}, "urn:free": {System: "urn:free"}, "other": rest, "": rest,
	} {
		if got := d.OnBehalf("kela", system); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v", system, got)
		}
	}
	if !rest.AllowsUnit("b") || rest.AllowsRole("social_worker") || !rest.AllowsRole("team_leader") {
		t.Error("an entry without units limits them, or roles are not limited")
	}
	if etuus := d.OnBehalf("kela", "etuus"); etuus.AllowsUnit("b") || !etuus.AllowsUnit("a") || !etuus.AllowsRole("social_worker") {
		t.Error("an entry without roles limits them, or units are not limited")
	}
	for name, text := range map[string]string{"no key": good, "no entry": limiting(`[]`)} {
		d, err := directory.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := d.OnBehalf("kela", "etuus"); !reflect.DeepEqual(got, directory.OnBehalf{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := d.OnBehalf("nobody", "etuus"); !reflect.DeepEqual(got, directory.OnBehalf{}) {
		t.Errorf("an unknown agency: %+v", got)
	}
}

// A file whose limits cannot be meant is refused, with the place.
func TestOnBehalfIsChecked(t *testing.T) {
	for entries, want := range map[string]string{
		`[{"system":"s","unit":["a"]}]`:                     "unknown field",
		`{"units":["a"]}`:                                   "cannot unmarshal",
		`[{"units":["zz"]}]`:                                `onBehalfOf[0]: units: the agency has no unit "zz"`,
		`[{"units":[]}]`:                                    "onBehalfOf[0]: a list is empty",
		`[{"system":"s","roles":[]}]`:                       "onBehalfOf[0]: a list is empty",
		`[{"roles":["system"]}]`:                            `onBehalfOf[0]: roles: "system" is none of social_worker`,
		`[{}]`:                                              "onBehalfOf[0]: it limits nothing",
		`[{"units":["a"]},{"colleaguesOnly":true}]`:         `onBehalfOf[1]: the system "" is listed twice`,
		`[{"system":"s"},{"system":"s"}]`:                   `onBehalfOf[1]: the system "s" is listed twice`,
		`[{"system":"` + strings.Repeat("s", 256) + `"}]`:   "onBehalfOf[0]: system: longer than 255",
		`[{"system":"010594-Y9032","colleaguesOnly":true}]`: "identity code",
	} {
		if _, err := directory.Parse([]byte(limiting(entries))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", entries, err, want)
		}
	}
}
