// Package loop holds the words that all four services share: events and readers,
// whose turn it is, and until when by Finnish working days. Everything here is
// pure; the clock is the caller's.
package loop

import (
	"time"
	_ "time/tzdata" // the zone must be there on a machine without zone files

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/aa"
)

// holidays are the days besides weekends that are no working days in Finland:
// public holidays, Christmas Eve and Midsummer Eve (150/1930 § 5).
var holidays = []*cal.Holiday{
	aa.NewYear, aa.Epiphany, aa.GoodFriday, aa.EasterMonday, aa.WorkersDay, aa.AscensionDay,
	{Name: "Midsummer Eve", Month: time.June, Day: 19, Weekday: time.Friday, Offset: 1, Func: cal.CalcWeekdayFrom},
	{Name: "Independence Day", Month: time.December, Day: 6, Func: cal.CalcDayOfMonth},
	{Name: "Christmas Eve", Month: time.December, Day: 24, Func: cal.CalcDayOfMonth},
	aa.ChristmasDay,
	{Name: "Second Christmas Day", Month: time.December, Day: 26, Func: cal.CalcDayOfMonth},
	// Midsummer Day, All Saints' Day, Easter Day and Whit Sunday fall on weekends.
}

// helsinki is loaded once; tzdata is built in, so that it cannot be missing.
var helsinki = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		panic(err)
	}
	return zone
}()

// Helsinki is the zone of all time limits.
func Helsinki() *time.Location { return helsinki }

// IsWorkingDay tells whether the day of a time, in Helsinki, is a working day.
func IsWorkingDay(t time.Time) bool {
	day := t.In(helsinki)
	if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		return false
	}
	for _, holiday := range holidays {
		off, _ := holiday.Calc(day.Year())
		if off.Month() == day.Month() && off.Day() == day.Day() {
			return false
		}
	}
	return true
}

// EndOfWorkingDay is the end (23:59:59 in Helsinki, given in UTC) of the n-th
// working day after the day of from, which is not counted (150/1930 § 2).
func EndOfWorkingDay(from time.Time, n int) time.Time {
	year, month, day := from.In(helsinki).Date()
	for n > 0 {
		day++
		// Noon stays on its day through every change of the clocks.
		if IsWorkingDay(time.Date(year, month, day, 12, 0, 0, 0, helsinki)) {
			n--
		}
	}
	return endOfDay(year, month, day)
}

// EndOfMonths is the end of the same date n months on, or of that month's last
// day where it has no such date (150/1930 § 3).
func EndOfMonths(from time.Time, n int) time.Time {
	year, month, day := from.In(helsinki).Date()
	first := time.Date(year, month+time.Month(n), 1, 12, 0, 0, 0, helsinki)
	last := time.Date(first.Year(), first.Month()+1, 0, 12, 0, 0, 0, helsinki).Day()
	return endOfDay(first.Year(), first.Month(), min(day, last))
}

// termsMove is from when on statutory terms of months end on a working day. What was
// decided before folds as it did: its due times were told, and some have passed.
var termsMove = time.Date(2026, time.November, 30, 0, 0, 0, 0, helsinki)

// EndOfTerm is the end of a statutory term of n months that is computed at a time: a term
// whose last day is no working day ends with the next one (150/1930 § 5).
func EndOfTerm(from time.Time, n int, at time.Time) time.Time {
	due := EndOfMonths(from, n)
	if at.Before(termsMove) || IsWorkingDay(due) {
		return due
	}
	return EndOfWorkingDay(due, 1)
}

// NotPast makes a due time that would not lie ahead the end of the next working day.
func NotPast(due, now time.Time) time.Time {
	if due.After(now) {
		return due
	}
	return EndOfWorkingDay(now, 1)
}

func endOfDay(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 23, 59, 59, 0, helsinki).UTC()
}

// YearsAt is how many full years a person has on the day of a time in Helsinki, given the date
// of birth at midnight UTC. Who was born on 29 February is a year older on 1 March where the
// year has no such day.
func YearsAt(born, at time.Time) int {
	year, month, day := at.In(helsinki).Date()
	years := year - born.Year()
	if month < born.Month() || month == born.Month() && day < born.Day() {
		years--
	}
	return years
}

// EndOfDays is the end of the day n calendar days on.
func EndOfDays(from time.Time, n int) time.Time {
	year, month, day := from.In(helsinki).Date()
	return endOfDay(year, month, day+n)
}

// Office hours, in Helsinki, on working days.
const (
	officeOpens  = 8
	officeCloses = 16
)

// AfterOfficeHours is when that much of office time (8–16 on working days) has
// passed since from.
func AfterOfficeHours(from time.Time, left time.Duration) time.Time {
	at := from.In(helsinki)
	for {
		year, month, day := at.Date()
		opens := time.Date(year, month, day, officeOpens, 0, 0, 0, helsinki)
		closes := time.Date(year, month, day, officeCloses, 0, 0, 0, helsinki)
		if at.Before(opens) {
			at = opens
		}
		if IsWorkingDay(at) && at.Before(closes) {
			open := closes.Sub(at)
			if open >= left {
				return at.Add(left).UTC()
			}
			left -= open
		}
		at = time.Date(year, month, day+1, 0, 0, 0, 0, helsinki)
	}
}
