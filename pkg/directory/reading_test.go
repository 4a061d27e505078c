package directory_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"koppi.internal/pkg/directory"
)

// areas is a directory of one agency. Its units are "key kind area reads…", with "-" for what is not given;
// the first takes in.
func areas(reading string, units ...string) string {
	var all []string
	for i, line := range units {
		words, given := strings.Fields(line), ""
		for at, key := range []string{"kind", "area"} {
			if words[at+1] != "-" {
				given += fmt.Sprintf(`"%s":"%s",`, key, words[at+1])
			}
		}
		if len(words) > 3 {
			given += `"reads":["` + strings.Join(words[3:], `","`) + `"],`
		}
		all = append(all, fmt.Sprintf(`{"unit":"%s",%s"intake":%t,"names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"]}`, words[0], given, i == 0))
	}
	return strings.NewReplacer(`{"unit":"a","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"],"municipalities":["297"],"intake":true}`, strings.Join(all, ","),
		`"noConsentProfile"`, reading+`"noConsentProfile"`).Replace(good)
}

// An agency reads by unit only if the file says so. One that is not in the directory does too: it reads nothing.
func TestReading(t *testing.T) {
	for reading, byUnit := range map[string]bool{``: false, `"reading":"",`: false, `"reading":"AGENCY",`: false, `"reading":"UNIT",`: true} {
		d, err := directory.Parse([]byte(areas(reading, "a - -")))
		if err != nil {
			t.Fatalf("%s: %v", reading, err)
		}
		kela, _ := d.Agency("kela")
		if d.ReadsByUnit("kela") != byUnit || kela.ByUnit != byUnit || !d.ReadsByUnit("gone") {
			t.Errorf("%s: %t, an unknown agency %t", reading, d.ReadsByUnit("kela"), d.ReadsByUnit("gone"))
		}
		if wide := slices.Contains(d.AgencyWide(), "kela"); wide == byUnit {
			t.Errorf("%s: agency-wide are %v", reading, d.AgencyWide())
		}
	}
	for _, reading := range []string{"unit", "UNITS", "ALL", " UNIT"} {
		_, err := directory.Parse([]byte(areas(`"reading":"`+reading+`",`, "a - -")))
		if err == nil || !strings.Contains(err.Error(), `agencies[0] "kela": reading must be UNIT or AGENCY`) {
			t.Errorf("%s: %v", reading, err)
		}
	}
}

// The agencies that do not read by unit, sorted.
func TestAgencyWide(t *testing.T) {
	if wide := scenarios(t).AgencyWide(); !slices.Equal(wide, []string{"etsiva-kuopio", "kela", "tyollisyys-kuopio"}) {
		t.Error(wide)
	}
}

// A process warns of them in one line, and says nothing where there are none.
func TestLogAgencyWide(t *testing.T) {
	lines := make(logged, 16)
	logger := slog.New(slog.NewTextHandler(lines, nil))
	scenarios(t).LogAgencyWide(t.Context(), logger)
	if line := <-lines; !strings.Contains(line, "level=WARN") || !strings.Contains(line, `agencies="etsiva-kuopio kela tyollisyys-kuopio"`) {
		t.Error(line)
	}
	d, err := directory.Parse([]byte(areas(`"reading":"UNIT",`, "a - -")))
	if err != nil {
		t.Fatal(err)
	}
	d.LogAgencyWide(t.Context(), logger)
	if len(lines) != 0 {
		t.Error(<-lines)
	}
}

// A unit without an area is one of its own. A unit's people read its area and those in "reads", and nothing
// the other way round; of a unit that is unknown or has left, nothing.
func TestReadableUnits(t *testing.T) {
	d, err := directory.Parse([]byte(areas(`"reading":"UNIT",`, "a - west", "b - -", "c - west", "d - - west b", "e HEALTH_CARE -", "f - f b")))
	if err != nil {
		t.Fatal(err)
	}
	for unit, want := range map[string]string{
		"a": "a c true", "b": "b false", "c": "a c true", "d": "a b c d true", "e": "e false", "f": "b f false", "gone": "false", "": "false",
	} {
		units, intake := d.ReadableUnits("kela", unit)
		if got := strings.Join(append(units, fmt.Sprint(intake)), " "); got != want {
			t.Errorf("%q reads %s, not %s", unit, got, want)
		}
	}
	if units, intake := d.ReadableUnits("gone", "a"); units != nil || intake {
		t.Errorf("a unit of an unknown agency reads %v, %t", units, intake)
	}
	for unit, want := range map[string]string{"a": "west", "b": "b", "d": "d"} {
		if known, _ := d.Unit("kela", unit); known.Area != want {
			t.Errorf("%s is in the area %q", unit, known.Area)
		}
	}
}

// An area holds units of one branch, and is read by that branch alone. The file is refused with the place,
// also where the agency does not read by unit.
func TestAreasAreChecked(t *testing.T) {
	for name, test := range map[string]struct {
		units []string
		want  string
	}{
		"mixed kinds in an area":         {[]string{"a - x", "b HEALTH_CARE x"}, `units[1] "b": the area "x" has units of another kind`},
		"mixed kinds by default area":    {[]string{"a - -", "b HEALTH_CARE a"}, `units[1] "b": the area "a" has units of another kind`},
		"mixed kinds in reads":           {[]string{"a - - b", "b HEALTH_CARE -"}, `units[0] "a": reads: the area "b" is of another kind`},
		"mixed kinds in the second read": {[]string{"a - - c b", "b HEALTH_CARE -", "c - -"}, `units[0] "a": reads: the area "b" is of another kind`},
		"unknown area":                   {[]string{"a - - west", "b - -"}, `units[0] "a": reads: there is no area "west"`},
		"a unit that is in an area":      {[]string{"a - - b", "b - west"}, `units[0] "a": reads: there is no area "b"`},
		"form of an area":                {[]string{"a - West"}, `units[0] "a": area and reads: a key must consist of`},
		"form of reads":                  {[]string{"a - - å"}, `units[0] "a": area and reads: a key must consist of`},
	} {
		for _, reading := range []string{"", `"reading":"UNIT",`} {
			_, err := directory.Parse([]byte(areas(reading, test.units...)))
			if err == nil || !strings.Contains(err.Error(), `agencies[0] "kela": `+test.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	empty := strings.Replace(areas("", "a - - a"), `"reads":["a"]`, `"reads":["a",""]`, 1)
	if _, err := directory.Parse([]byte(empty)); err == nil || !strings.Contains(err.Error(), `units[0] "a": reads: a key is empty`) {
		t.Errorf("an empty key: %v", err)
	}
}
