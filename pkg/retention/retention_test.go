package retention

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// Each class has its retention term.
func TestTerms(t *testing.T) {
	years := map[journal.Class]int{}
	for i, term := range Terms {
		if i > 0 && term.Years <= Terms[i-1].Years {
			t.Error("terms are not in order")
		}
		for _, class := range term.Classes {
			years[class] = term.Years
		}
	}
	for class, want := range map[journal.Class]int{
		journal.ClassDocument: 10, journal.ClassIdentity: 10, journal.ClassCorrespondence: 3, journal.ClassConsent: 3, journal.ClassNotice: 3,
	} {
		if years[class] != want {
			t.Errorf("%s is kept for %d years", class, years[class])
		}
		delete(years, class)
	}
	if len(years) != 0 {
		t.Errorf("unknown classes: %v", years)
	}
	for ended, ends := range map[string]string{
		"2026-11-26T12:00:00+02:00": "2029-11-26T12:00:00+02:00",
		"2026-07-01T00:00:00+03:00": "2029-07-01T00:00:00+03:00",
		"2028-02-29T08:00:00+02:00": "2031-03-01T08:00:00+02:00",
		// Summer time begins on another day of the month.
		"2026-03-28T12:00:00+02:00": "2029-03-28T12:00:00+03:00",
		// The last hours of a year in Helsinki are of the year before in UTC.
		"2026-12-31T23:30:00Z": "2030-01-01T01:30:00+02:00",
	} {
		at, err := time.Parse(time.RFC3339, ended)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Term{Years: 3}).Ends(at).Format(time.RFC3339); got != ends {
			t.Errorf("%s is kept until %s, not %s", ended, got, ends)
		}
	}
}

// Nothing is destroyed before its term is over, every subject whose term is over is found, and a
// subject that ended earlier is not kept longer.
func TestTermsProperties(t *testing.T) {
	first, last := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2080, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	rapid.Check(t, func(rt *rapid.T) {
		term := rapid.SampledFrom(Terms).Draw(rt, "term")
		ended := time.Unix(rapid.Int64Range(first, last).Draw(rt, "ended"), 0)
		ends := term.Ends(ended)
		// By the calendar: an hour off where summer time has begun or ended between.
		if age := ends.Sub(ended); age < time.Duration(term.Years)*365*24*time.Hour-time.Hour || age > time.Duration(term.Years)*366*24*time.Hour+time.Hour {
			rt.Errorf("kept for %v", age)
		}
		from, to := ended.In(matter.Helsinki()), ends.In(matter.Helsinki())
		if to.Year() != from.Year()+term.Years {
			rt.Errorf("%v until %v", from, to)
		}
		if ended.After(term.before(ends)) {
			rt.Errorf("a subject that ended at %v is due at %v and is not found", ended, ends)
		}
		later := ended.Add(time.Duration(rapid.Int64Range(0, 400*24*3600).Draw(rt, "later")) * time.Second)
		if term.Ends(later).Add(time.Hour).Before(ends) {
			rt.Errorf("%v is kept until %v, and %v until %v", ended, ends, later, term.Ends(later))
		}
	})
}
