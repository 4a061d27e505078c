package matter_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

func at(day string) time.Time {
	t, err := time.ParseInLocation("2.1.2006 15:04", day+" 10:00", matter.Helsinki())
	if err != nil {
		panic(err)
	}
	return t
}

func TestSeventhWorkingDay(t *testing.T) {
	for from, want := range map[string]string{
		"30.3.2026": "10.4.2026", "28.4.2026": "8.5.2026", "15.6.2026": "25.6.2026", "22.12.2025": "7.1.2026",
	} {
		due := matter.EndOfWorkingDay(at(from), 7).In(matter.Helsinki())
		if got := due.Format("2.1.2006 15:04:05"); got != want+" 23:59:59" {
			t.Errorf("the 7th working day from %s is %s, want %s", from, got, want)
		}
	}
}

func TestHolidays(t *testing.T) {
	for _, day := range []string{
		"1.1.2026", "6.1.2026", "3.4.2026", "6.4.2026", "1.5.2026", "14.5.2026", "19.6.2026", "24.12.2026", "25.12.2026",
		"6.12.2027", "25.6.2027", "21.11.2026", "22.11.2026",
	} {
		if matter.IsWorkingDay(at(day)) {
			t.Errorf("%s is a working day", day)
		}
	}
	for _, day := range []string{"2.4.2026", "18.6.2026", "22.6.2026", "23.12.2026", "28.12.2026", "23.11.2026"} {
		if !matter.IsWorkingDay(at(day)) {
			t.Errorf("%s is not a working day", day)
		}
	}
}

func TestHolidaysOnWeekends(t *testing.T) {
	for _, day := range []string{"20.6.2026", "26.6.2027", "31.10.2026", "6.11.2027", "5.4.2026", "24.5.2026", "26.12.2026", "6.12.2026"} {
		if !matter.IsHoliday(at(day)) || matter.IsWorkingDay(at(day)) {
			t.Errorf("%s is no holiday", day)
		}
	}
	for _, day := range []string{"21.6.2026", "27.6.2026", "7.11.2026", "1.11.2026", "21.11.2026"} {
		if matter.IsHoliday(at(day)) {
			t.Errorf("%s is a holiday", day)
		}
	}
}

func TestEndOfMonths(t *testing.T) {
	for from, want := range map[string]string{
		"23.11.2026": "23.2.2027", "30.11.2026": "28.2.2027", "31.12.2026": "31.3.2027", "1.1.2026": "1.4.2026",
	} {
		if got := matter.EndOfMonths(at(from), 3).In(matter.Helsinki()).Format("2.1.2006"); got != want {
			t.Errorf("three months from %s end on %s, want %s", from, got, want)
		}
	}
}

// A statutory term of months that ends on a day off ends with the next working day (150/1930 § 5),
// unless it was computed before 30 November 2026.
func TestEndOfTerm(t *testing.T) {
	for from, want := range map[string]string{
		"1.12.2026": "1.3.2027", "5.12.2026": "5.3.2027", "25.12.2026": "25.3.2027", "24.3.2027": "24.6.2027", // working days
		"6.12.2026": "8.3.2027", "30.11.2026": "1.3.2027", // a Saturday, and a Sunday
		"26.12.2026": "30.3.2027", "25.3.2027": "28.6.2027", // Good Friday, Midsummer Eve
		"6.9.2027": "7.12.2027", "24.9.2027": "27.12.2027", // Independence Day, Christmas Eve
		"1.2.2028": "2.5.2028", "6.10.2027": "7.1.2028", // the First of May, Epiphany
	} {
		if got := matter.EndOfTerm(at(from), 3, at("1.12.2026")).In(matter.Helsinki()).Format("2.1.2006"); got != want {
			t.Errorf("three months from %s end on %s, want %s", from, got, want)
		}
	}
	if got := matter.EndOfTerm(at("28.11.2026"), 3, at("29.11.2026")); !got.Equal(matter.EndOfMonths(at("28.11.2026"), 3)) {
		t.Errorf("a term computed earlier ends on %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		from := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "from"), 0)
		n := rapid.IntRange(1, 24).Draw(t, "months")
		decided := from.Add(time.Duration(rapid.Int64Range(0, 400*24).Draw(t, "hours")) * time.Hour)
		plain, due := matter.EndOfMonths(from, n), matter.EndOfTerm(from, n, decided)
		if decided.Before(time.Date(2026, 11, 30, 0, 0, 0, 0, matter.Helsinki())) {
			if !due.Equal(plain) {
				t.Fatalf("computed %s: ends %s without the rule, and %s with it", decided, due, plain)
			}
			return
		}
		if !matter.IsWorkingDay(due) || due.Before(plain) || due.Sub(plain) > 6*24*time.Hour {
			t.Fatalf("%d months from %s end %s, without the rule %s", n, from, due, plain)
		}
		for day := plain.In(matter.Helsinki()); day.Before(due); day = day.AddDate(0, 0, 1) {
			if matter.IsWorkingDay(day) {
				t.Fatalf("the term ends on %s, but %s is a working day", due, day)
			}
		}
	})
}

func TestGrace(t *testing.T) {
	from := at("23.11.2026")
	if got := matter.Grace(commonv1.Urgency_URGENCY_EMERGENCY, matter.Graces{}, from); !got.Equal(from.Add(time.Hour)) {
		t.Errorf("an emergency has until %s", got)
	}
	own := matter.Graces{NormalWorkingDays: 5}
	if got := matter.Grace(commonv1.Urgency_URGENCY_NORMAL, own, from); !got.Equal(matter.EndOfWorkingDay(from, 5)) {
		t.Errorf("an agency's own limit is not applied: %s", got)
	}
}

// From the first day to the n-th working day there are exactly n working days.
func TestWorkingDaysBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "from"), 0)
		n := rapid.IntRange(1, 30).Draw(t, "n")
		due := matter.EndOfWorkingDay(from, n)
		if !matter.IsWorkingDay(due) || !due.After(from) {
			t.Fatalf("%s is not a working day after %s", due, from)
		}
		year, month, day := from.In(matter.Helsinki()).Date()
		count := 0
		for d := day + 1; ; d++ {
			noon := time.Date(year, month, d, 12, 0, 0, 0, matter.Helsinki())
			if noon.After(due) {
				break
			}
			if matter.IsWorkingDay(noon) {
				count++
			}
		}
		if count != n {
			t.Fatalf("%d working days between %s and %s, want %d", count, from, due, n)
		}
	})
}
