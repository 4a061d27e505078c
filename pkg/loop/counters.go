package loop

import (
	"time"
)

// Count names a thing that statistics count of loops, each loop once for each. Stored.
type Count string

// What is counted. What is taken was sent, what is closed was taken, and what is declined
// was not taken. No-shows, assessments and plans are of what was taken; nothing follows
// what was closed. A repeat is told of when it is sent.
const (
	CountSent       Count = "sent"
	CountRepeat     Count = "repeat"
	CountTaken      Count = "taken"
	CountDeclined   Count = "declined"
	CountOverdue    Count = "overdue"
	CountNoShow     Count = "no_show"
	CountAssessment Count = "assessment"
	CountPlan       Count = "plan"
	CountClosed     Count = "closed"
)

// Counters is what statistics count of an event.
type Counters struct {
	// Receiver is the agency that it went to; empty where there is none.
	Receiver string
	Counts   []Count
}

// CountersOf is a tally, in short.
func CountersOf(receiver string, counts ...Count) Counters { return Counters{receiver, counts} }

// Month is the calendar month of a time in Helsinki, such as "2026-11".
func Month(t time.Time) string { return t.In(helsinki).Format(monthForm) }

// MonthSpan is the beginning of a month in Helsinki, and of the month after it.
func MonthSpan(month string) (from, to time.Time, err error) {
	from, err = time.ParseInLocation(monthForm, month, helsinki)
	return from, from.AddDate(0, 1, 0), err
}

// NextMonth is the month after one.
func NextMonth(month string) (string, error) {
	_, to, err := MonthSpan(month)
	return to.Format(monthForm), err
}

const monthForm = "2006-01"
