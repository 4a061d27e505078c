package web_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/matter"
)

var update = flag.Bool("update", false, "write the generated files anew")

// The years whose days off the pages know. A due time in a later year is shown with its date, and
// without the number of working days.
const firstYear, lastYear = 2026, 2045

// daysOff are the holidays of a year, those on weekends too: a telephone with hours on Saturdays is
// not answered on a holiday.
func daysOff(year int) (days []string) {
	for day := time.Date(year, 1, 1, 12, 0, 0, 0, matter.Helsinki()); day.Year() == year; day = day.AddDate(0, 0, 1) {
		if matter.IsHoliday(day) {
			days = append(days, fmt.Sprintf("%q", day.Format("01-02")))
		}
	}
	return days
}

// The pages' list of days off is the services' calendar.
func TestDaysOff(t *testing.T) {
	const file = "src/ui/daysoff.json"
	var years []string
	for year := firstYear; year <= lastYear; year++ {
		years = append(years, fmt.Sprintf("  \"%d\": [%s]", year, strings.Join(daysOff(year), ", ")))
	}
	want := "{\n" + strings.Join(years, ",\n") + "\n}\n"
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := os.ReadFile(file)
	if err != nil || string(found) != want {
		t.Errorf("%s is not the services' calendar: go test ./gateway/web -run TestDaysOff -update: %v", file, err)
	}
	if now := time.Now().Year(); now+2 > lastYear {
		t.Errorf("the list of days off ends in %d: set a later year here, and write it anew", lastYear)
	}
}
