package directory_test

import (
	"fmt"
	"strings"
	"testing"

	"koppi.internal/pkg/directory"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// reachable is the directory of the other tests with all that says how to reach a unit.
func reachable(hours string) string {
	text := strings.Replace(good, `"noConsentProfile"`, `"emergencyPhone":"017 000 0112","shortNames":{"fi":"Kela","sv":"FPA","en":"Kela"},"noConsentProfile"`, 1)
	return strings.Replace(text, `"languages"`,
		`"phone":"017 000 1000","phoneHours":`+hours+`,"address":"Katu 1, 70100 Kuopio","shortNames":{"fi":"a","sv":"a","en":"a"},"languages"`, 1)
}

func TestContactPoint(t *testing.T) {
	d, err := directory.Parse([]byte(reachable(`[{"days":"1-5","from":"09:00","to":"15:00"},{"days":"6","from":"00:00","to":"24:00"}]`)))
	if err != nil {
		t.Fatal(err)
	}
	if kela, _ := d.Agency("kela"); kela.ShortNames["sv"] != "FPA" || kela.Units[0].ShortNames["fi"] != "a" {
		t.Errorf("%+v", kela)
	}
	// An agency that is named alone is reached through its intake unit; a worker is not named.
	for _, party := range []*commonv1.Party{{Agency: "kela"}, {Agency: "kela", Unit: "a"}, {Agency: "kela", Unit: "a", Worker: "kela-17"}} {
		point := d.ContactPoint(party)
		var hours []string
		for _, line := range point.GetPhoneHours() {
			hours = append(hours, fmt.Sprintf("%s %s-%s", line.GetDays(), line.GetFrom(), line.GetTo()))
		}
		got := fmt.Sprintf("%s/%s/%s %s %s %v %s %s", point.GetParty().GetAgency(), point.GetParty().GetUnit(), point.GetParty().GetWorker(),
			point.GetUnitNames()["sv"], point.GetPhone(), hours, point.GetAddress(), point.GetEmergencyPhone())
		if want := "kela/a/ A 017 000 1000 [1-5 09:00-15:00 6 00:00-24:00] Katu 1, 70100 Kuopio 017 000 0112"; got != want {
			t.Errorf("%v: %s\nwant %s", party, got, want)
		}
	}
	if point := d.ContactPoint(nil); point != nil {
		t.Errorf("nobody is reached by %v", point)
	}
	gone := d.ContactPoint(&commonv1.Party{Agency: "kela", Unit: "gone"})
	if gone.GetPhone() != "" || gone.GetParty().GetUnit() != "gone" || gone.GetEmergencyPhone() != "017 000 0112" {
		t.Errorf("a unit that has left the directory is reached by %v", gone)
	}
}

// What says how to reach a unit must be of its form. For a bad one the file is refused, with the place.
func TestContactPointsAreChecked(t *testing.T) {
	const hours = `[{"days":"1-5","from":"09:00","to":"15:00"}]`
	for _, test := range []struct{ from, to, want string }{
		{`"days":"1-5"`, `"days":"0-5"`, "ISO weekday"},
		{`"days":"1-5"`, `"days":"1-8"`, "ISO weekday"},
		{`"days":"1-5"`, `"days":"ma-pe"`, "ISO weekday"},
		{`"days":"1-5"`, `"days":""`, "ISO weekday"},
		{`"days":"1-5"`, `"days":"5-1"`, "must come after"},
		{`"days":"1-5"`, `"days":"1-1"`, "must come after"},
		{`"from":"09:00"`, `"from":"9:00"`, "must be a time"},
		{`"from":"09:00"`, `"from":"24:00"`, "must be a time"},
		{`"to":"15:00"`, `"to":"15.00"`, "must be a time"},
		{`"to":"15:00"`, `"to":"24:30"`, "must be a time"},
		{`"to":"15:00"`, `"to":"09:00"`, "must be before"},
		{`"to":"15:00"`, `"to":"08:00"`, "must be before"},
		{`"to":"15:00"`, `"until":"15:00"`, "unknown field"},
		{hours, "[" + strings.Repeat(hours[1:len(hours)-1]+",", 7) + hours[1:len(hours)-1] + "]", "more than 7"},
		{`"phone":"017 000 1000",`, ``, "the unit has no phone"},
		{`"017 000 1000"`, `"arkisin"`, "phone: write a telephone number"},
		{`"017 000 1000"`, `"` + strings.Repeat("1", 41) + `"`, "longer than 40"},
		{`"017 000 1000"`, `"131052-308T"`, "identity code"},
		{`"017 000 0112"`, `"tel:112"`, "emergencyPhone: write a telephone number"},
		{`Katu 1,`, `Katu 1\n`, "one line"},
		{`Katu 1,`, strings.Repeat("å", 200), "longer than 200"},
		{`Katu 1,`, `131052-308T`, "identity code"},
		{`"sv":"FPA",`, ``, "shortNames: no name"},
		{`"sv":"FPA"`, `"sv":"` + strings.Repeat("å", 41) + `"`, "longer than 40"},
	} {
		_, err := directory.Parse([]byte(strings.Replace(reachable(hours), test.from, test.to, 1)))
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "directory:") {
			t.Errorf("%s: %v; want %s", test.to, err, test.want)
		}
	}
	if _, err := directory.Parse([]byte(reachable(hours))); err != nil {
		t.Error(err)
	}
}

// Each unit of the default directory has a telephone number with hours, and an address; each agency a number
// for emergencies.
func TestDefaultDirectoryNamesContactPoints(t *testing.T) {
	d, err := directory.Load("../../deploy/config/directory.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, agency := range d.Agencies() {
		for _, unit := range agency.Units {
			point := d.ContactPoint(&commonv1.Party{Agency: agency.Key, Unit: unit.Key})
			if point.GetPhone() == "" || len(point.GetPhoneHours()) == 0 || point.GetAddress() == "" || point.GetEmergencyPhone() == "" {
				t.Errorf("%s/%s: %v", agency.Key, unit.Key, point)
			}
		}
	}
}
