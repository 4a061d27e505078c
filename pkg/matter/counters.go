package matter

import (
	"time"
)

// Count is the name of one thing that statistics count. Each is counted at most once for a matter.
// The names are stored.
type Count string

// The things that are counted. A matter that is taken was sent, one that is closed was taken, and
// one that is declined was not taken. No-shows, assessments and plans are counted for matters that
// were taken. Nothing is counted after the matter is closed. A repeat is counted when the matter is
// sent.
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

// Counters are what statistics count for one event.
type Counters struct {
	// Receiver is the agency that the matter was sent to; empty if it has no receiver.
	Receiver string
	Counts   []Count
}

// CountersOf returns the counters of a receiver.
func CountersOf(receiver string, counts ...Count) Counters { return Counters{receiver, counts} }

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
