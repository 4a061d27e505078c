package matter

import (
	"time"
)

// Month returns the calendar month of a time in Helsinki, such as "2026-11".
func Month(t time.Time) string { return t.In(helsinki).Format(monthForm) }

// MonthSpan returns the start of a month in Helsinki and the start of the next month. It returns an
// error if month does not have the form "2026-11".
func MonthSpan(month string) (from, to time.Time, err error) {
	from, err = time.ParseInLocation(monthForm, month, helsinki)
	return from, from.AddDate(0, 1, 0), err
}

// NextMonth returns the month after month. It returns an error if month does not have the form
// "2026-11".
func NextMonth(month string) (string, error) {
	_, to, err := MonthSpan(month)
	return to.Format(monthForm), err
}

const monthForm = "2006-01"
