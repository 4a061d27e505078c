package directory_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/directory"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// onCallFile is a social services agency whose units o and p are on call as given; h is a unit of health care.
func onCallFile(o, p string) string {
	const names = `"names":{"fi":"A","sv":"A","en":"A"}`
	unit := func(more string) string { return `{` + names + `,"languages":["fi"],` + more + `}` }
	return fmt.Sprintf(`{"agencies":[{"agency":"hva","kind":"SOCIAL_SERVICES",%s,"noConsentProfile":"NECESSARY","units":[%s,%s,%s,%s]}]}`, names,
		unit(`"unit":"i","intake":true,"municipalities":["297"]`), unit(`"unit":"o"`+o), unit(`"unit":"p"`+p), unit(`"unit":"h","kind":"HEALTH_CARE"`))
}

// helsinki is a time of 2026 in Finland: 27.11. is a Friday, 6.12. a holiday.
func helsinki(t *testing.T, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2.1.2006 15.04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// An emergency goes to the unit that is on call at its time, for the kind of the addressed unit.
func TestOnCall(t *testing.T) {
	d, err := directory.Parse([]byte(onCallFile(`,"onCall":{}`, `,"onCall":{"workingDays":["08:00-12:00"],"otherDays":[]}`)))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ at, unit, want string }{
		{"27.11.2026 07.59", "i", "o"},
		{"27.11.2026 08.00", "i", "p"},
		{"27.11.2026 11.59", "", "p"},
		{"27.11.2026 12.00", "i", ""},
		{"27.11.2026 15.59", "i", ""},
		{"27.11.2026 16.00", "i", "o"},
		{"27.11.2026 23.59", "o", "o"},
		{"28.11.2026 10.00", "i", "o"},
		{"6.12.2026 12.00", "i", "o"},
		{"27.11.2026 16.01", "h", ""},
	} {
		got := d.OnCall(&commonv1.Party{Agency: "hva", Unit: test.unit}, helsinki(t, test.at))
		if got.GetUnit() != test.want || test.want != "" && got.GetAgency() != "hva" {
			t.Errorf("%s for %q: %v, want %q", test.at, test.unit, got, test.want)
		}
	}
	if d.OnCall(&commonv1.Party{Agency: "none"}, helsinki(t, "27.11.2026 16.01")) != nil {
		t.Error("an unknown agency has a unit on call")
	}
	// A unit that is on call is no place for anything but emergencies.
	known, _ := d.Agency("hva")
	for _, unit := range known.Route(directory.RoutingQuery{}) {
		if unit.Key == "o" || unit.Key == "p" {
			t.Errorf("%s is offered as a receiver", unit.Key)
		}
	}
}

func TestOnCallIsChecked(t *testing.T) {
	for file, want := range map[string]string{
		onCallFile(`,"onCall":{}`, `,"onCall":{}`):                                             `units "o" and "p" are of one kind and on call at one time`,
		onCallFile(`,"onCall":{}`, `,"onCall":{"workingDays":["15:00-16:01"],"otherDays":[]}`): "on call at one time",
		onCallFile(`,"onCall":{"workingDays":["8-16"]}`, ``):                                   `onCall: workingDays[0]: "8-16" must be hours such as 16:00-24:00`,
		onCallFile(`,"onCall":{"otherDays":["12:00-12:00"]}`, ``):                              "must end after it begins",
		onCallFile(`,"onCall":{"otherDays":["12:00-14:00","13:00-15:00"]}`, ``):                "otherDays[1]",
		onCallFile(`,"onCall":{"hours":[]}`, ``):                                               "hours",
		onCallFile(`,"onCall":{"workingDays":["24:00-24:00"]}`, ``):                            "must be hours",
	} {
		if _, err := directory.Parse([]byte(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := directory.Parse([]byte(onCallFile(`,"onCall":{"workingDays":["16:00-24:00"]}`, `,"onCall":{"workingDays":["00:00-16:00"],"otherDays":[]}`))); err != nil {
		t.Error(err)
	}
}
