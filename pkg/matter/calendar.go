package matter

import (
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // makes the zone available on machines without zone files

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/aa"
)

// holidays are the days that are not working days in Finland, besides weekends: public holidays,
// Christmas Eve and Midsummer Eve (150/1930 § 5). The last four always fall on weekends.
var holidays = []*cal.Holiday{
	aa.NewYear, aa.Epiphany, aa.GoodFriday, aa.EasterMonday, aa.WorkersDay, aa.AscensionDay,
	{Name: "Midsummer Eve", Month: time.June, Day: 19, Weekday: time.Friday, Offset: 1, Func: cal.CalcWeekdayFrom},
	{Name: "Independence Day", Month: time.December, Day: 6, Func: cal.CalcDayOfMonth},
	{Name: "Christmas Eve", Month: time.December, Day: 24, Func: cal.CalcDayOfMonth},
	aa.ChristmasDay,
	{Name: "Second Christmas Day", Month: time.December, Day: 26, Func: cal.CalcDayOfMonth},
	{Name: "Midsummer Day", Month: time.June, Day: 20, Weekday: time.Saturday, Offset: 1, Func: cal.CalcWeekdayFrom},
	{Name: "All Saints' Day", Month: time.October, Day: 31, Weekday: time.Saturday, Offset: 1, Func: cal.CalcWeekdayFrom},
	aa.Easter, aa.Pentecost,
}

// helsinki is loaded once. The import of time/tzdata makes the zone available on every machine.
var helsinki = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		panic(err)
	}
	return zone
}()

// Helsinki returns the time zone in which all time limits are computed.
func Helsinki() *time.Location { return helsinki }

// IsWorkingDay reports whether the day of a time, in Helsinki, is a working day.
func IsWorkingDay(t time.Time) bool {
	day := t.In(helsinki)
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday && !IsHoliday(t)
}

// IsHoliday reports whether the day of a time, in Helsinki, is a holiday or the eve of one that is
// not a working day, whatever the day of the week.
func IsHoliday(t time.Time) bool {
	day := t.In(helsinki)
	return slices.ContainsFunc(holidays, func(holiday *cal.Holiday) bool {
		off, _ := holiday.Calc(day.Year())
		return off.Month() == day.Month() && off.Day() == day.Day()
	})
}

// EndOfWorkingDay returns the end (23:59:59 in Helsinki, given in UTC) of the n-th working day
// after the day of from. The day of from itself is not counted (150/1930 § 2).
func EndOfWorkingDay(from time.Time, n int) time.Time {
	year, month, day := from.In(helsinki).Date()
	for n > 0 {
		day++
		// Noon is on the same day before and after a change to or from summer time.
		if IsWorkingDay(time.Date(year, month, day, 12, 0, 0, 0, helsinki)) {
			n--
		}
	}
	return endOfDay(year, month, day)
}

// EndOfMonths returns the end (23:59:59 in Helsinki, given in UTC) of the same date n months later,
// or of that month's last day if the month has no such date (150/1930 § 3).
func EndOfMonths(from time.Time, n int) time.Time {
	year, month, day := from.In(helsinki).Date()
	first := time.Date(year, month+time.Month(n), 1, 12, 0, 0, 0, helsinki)
	last := time.Date(first.Year(), first.Month()+1, 0, 12, 0, 0, 0, helsinki).Day()
	return endOfDay(first.Year(), first.Month(), min(day, last))
}

// termsMove is the time from which statutory terms of months are moved to a working day. Events
// that were decided before it must fold as before: their due times were disclosed, and some have
// passed.
var termsMove = time.Date(2026, time.November, 30, 0, 0, 0, 0, helsinki)

// EndOfTerm returns the end of a statutory term of n months from from. A term whose last day is not
// a working day ends with the next working day (150/1930 § 5). At is the time of the computation:
// before 30 November 2026 the end is not moved.
func EndOfTerm(from time.Time, n int, at time.Time) time.Time {
	due := EndOfMonths(from, n)
	if at.Before(termsMove) || IsWorkingDay(due) {
		return due
	}
	return EndOfWorkingDay(due, 1)
}

// NotPast returns due if it is after now, else the end of the next working day after now.
func NotPast(due, now time.Time) time.Time {
	if due.After(now) {
		return due
	}
	return EndOfWorkingDay(now, 1)
}

func endOfDay(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 23, 59, 59, 0, helsinki).UTC()
}

// YearsAt returns a person's age in full years on the day of at in Helsinki. Born is the date of
// birth at midnight UTC. A person born on 29 February becomes a year older on 1 March in years
// without that day.
func YearsAt(born, at time.Time) int {
	year, month, day := at.In(helsinki).Date()
	years := year - born.Year()
	if month < born.Month() || month == born.Month() && day < born.Day() {
		years--
	}
	return years
}

// EndOfDays returns the end (23:59:59 in Helsinki, given in UTC) of the n-th calendar day after the
// day of from.
func EndOfDays(from time.Time, n int) time.Time {
	year, month, day := from.In(helsinki).Date()
	return endOfDay(year, month, day+n)
}

// Earlier returns the earlier of two times; a zero time is none.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Later returns the later of two times.
func Later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// WeekOf returns the ISO 8601 week of a time, in Helsinki, such as "2026-W48".
func WeekOf(t time.Time) string {
	year, week := t.In(helsinki).ISOWeek()
	return fmt.Sprintf("%04d-W%02d", year, week)
}
