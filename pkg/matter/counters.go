package matter

import "strings"

// Count is the name of one thing that is counted of matters. Each is counted at most once for a matter.
// The names are stored.
type Count string

// The things that are counted. A matter that is taken was sent, one that is closed was taken, and
// one that is declined was not taken. Assessments and plans are counted for matters that were taken, and
// no-shows for all that have not ended. Nothing is counted after the matter is closed. A repeat is counted when the matter is
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

// unreviewed begins the names of the counters of CountUnreviewed.
const unreviewed = "unreviewed/"

// CountUnreviewed returns the name under which a sending is counted that rests on a ground which no
// lawyer has accepted. Day is the day in Helsinki, as "2026-11-30": names of one ground sort by it.
// Operators read these counters; statistics leave them out.
func CountUnreviewed(ground, day string) Count { return Count(unreviewed + ground + "/" + day) }

// IsStatistic reports whether statistics show the counter.
func (c Count) IsStatistic() bool { return !strings.HasPrefix(string(c), unreviewed) }

// Counters are what statistics count for one event.
type Counters struct {
	// Receiver is the agency that the matter was sent to; empty if it has no receiver.
	Receiver string
	Counts   []Count
}

// CountersOf returns the counters of a receiver.
func CountersOf(receiver string, counts ...Count) Counters { return Counters{receiver, counts} }
