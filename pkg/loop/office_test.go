package loop_test

import (
	"testing"
	"time"

	"koppi.internal/pkg/loop"
)

func TestInOfficeHours(t *testing.T) {
	for at, want := range map[string]bool{
		"2026-11-26T07:59:59+02:00": false,
		"2026-11-26T08:00:00+02:00": true,
		"2026-11-26T15:59:59+02:00": true,
		"2026-11-26T16:00:00+02:00": false,
		"2026-11-26T00:00:00+02:00": false,
		// It is Helsinki's hour that counts, in summer too.
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
		if got := loop.InOfficeHours(moment); got != want {
			t.Errorf("%s: %v", at, got)
		}
	}
}

// Office time passes within office hours alone: two rules, one calendar.
func TestOfficeHoursAgree(t *testing.T) {
	for at := time.Date(2026, 3, 20, 0, 0, 0, 0, loop.Helsinki()); at.Before(time.Date(2026, 4, 10, 0, 0, 0, 0, loop.Helsinki())); at = at.Add(15 * time.Minute) {
		passes := loop.AfterOfficeHours(at, time.Minute).Equal(at.Add(time.Minute))
		if loop.InOfficeHours(at) != passes {
			t.Errorf("%s: in office hours %v, its time passes %v", at, loop.InOfficeHours(at), passes)
		}
	}
}
