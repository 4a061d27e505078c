package directory_test

import (
	"strings"
	"testing"

	"koppi.internal/pkg/directory"
)

// An agency's duty phone must be a number and nothing else. For a bad one the file is refused,
// with the agency's name.
func TestDutyPhones(t *testing.T) {
	with := func(number string) (*directory.Directory, error) {
		return directory.Parse([]byte(strings.Replace(good, `"noConsentProfile"`, `"dutyPhone":"`+number+`","noConsentProfile"`, 1)))
	}
	for _, number := range []string{"", "112", "+358 17 000 0000", "017 000 0000", "(017) 000-0000", "+358 (0)17 000/0000", "+" + strings.Repeat("1", 39)} {
		d, err := with(number)
		if err != nil {
			t.Fatalf("%q: %v", number, err)
		}
		if kela, _ := d.Agency("kela"); kela.DutyPhone != number {
			t.Errorf("%q became %q", number, kela.DutyPhone)
		}
	}
	for _, number := range []string{
		"päivystys", "112 tai 017 000 0000", "+358 17 000 0000 (yöllä)", " 112", "112 ", "+", "1", "tel:112", `112\n113`, "112;113", "+358+17", "+" + strings.Repeat("1", 40),
	} {
		if _, err := with(number); err == nil || !strings.Contains(err.Error(), `agencies[0] "kela"`) || !strings.Contains(err.Error(), "dutyPhone") {
			t.Errorf("%q: %v", number, err)
		}
	}
	for _, place := range []string{`"unit":"a"`, `"agencies"`} {
		if _, err := directory.Parse([]byte(strings.Replace(good, place, `"dutyPhone":"112",`+place, 1))); err == nil {
			t.Errorf("a duty phone is accepted before %s", place)
		}
	}
}
