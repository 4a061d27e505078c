package matter_test

import (
	"testing"
	"time"

	"koppi.internal/pkg/matter"
)

func TestInOfficeHours(t *testing.T) {
	for at, want := range map[string]bool{
		"2026-11-26T07:59:59+02:00": false,
		"2026-11-26T08:00:00+02:00": true,
		"2026-11-26T15:59:59+02:00": true,
		"2026-11-26T16:00:00+02:00": false,
		"2026-11-26T00:00:00+02:00": false,
		// The hour in Helsinki counts, in summer too.
		"2026-11-26T06:30:00Z": true,
		"2026-06-01T05:00:00Z": true,
		"2026-06-01T13:00:00Z": false,
		// Saturday, Sunday and Independence Day on a Monday.
		"2026-11-28T12:00:00+02:00": false,
		"2026-11-29T12:00:00+02:00": false,
		"2027-12-06T12:00:00+02:00": false,
	} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := matter.InOfficeHours(moment); got != want {
			t.Errorf("%s: %v", at, got)
		}
	}
}

// InOfficeHours and AfterOfficeHours agree: office time passes only within office hours.
func TestOfficeHoursAgree(t *testing.T) {
	for at := time.Date(2026, 3, 20, 0, 0, 0, 0, matter.Helsinki()); at.Before(time.Date(2026, 4, 10, 0, 0, 0, 0, matter.Helsinki())); at = at.Add(15 * time.Minute) {
		passes := matter.AfterOfficeHours(at, time.Minute).Equal(at.Add(time.Minute))
		if matter.InOfficeHours(at) != passes {
			t.Errorf("%s: in office hours %v, but office time passes %v", at, matter.InOfficeHours(at), passes)
		}
	}
}

// Office hours are counted from 8 to 16 on working days only.
func TestOfficeHours(t *testing.T) {
	clock := func(text string) time.Time {
		at, err := time.ParseInLocation("2.1.2006 15.04", text, matter.Helsinki())
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for from, want := range map[string]string{
		"23.11.2026 09.00": "23.11.2026 13.00",
		"23.11.2026 06.00": "23.11.2026 12.00",
		"23.11.2026 12.00": "23.11.2026 16.00",
		"23.11.2026 15.00": "24.11.2026 11.00",
		"23.11.2026 20.00": "24.11.2026 12.00",
		"27.11.2026 14.00": "30.11.2026 10.00",
		"23.12.2026 15.30": "28.12.2026 11.30",
	} {
		if got := matter.AfterOfficeHours(clock(from), 4*time.Hour); !got.Equal(clock(want)) {
			t.Errorf("four office hours from %s end %s, want %s", from, got.In(matter.Helsinki()), want)
		}
	}
}
