package matter

import "time"

// Office hours in Helsinki, on working days: full hours of the day.
const (
	officeOpens  = 8
	officeCloses = 16
)

// InOfficeHours reports whether a time is within office hours: from 8:00 until before 16:00 in
// Helsinki, on a working day.
func InOfficeHours(t time.Time) bool {
	hour := t.In(helsinki).Hour()
	return IsWorkingDay(t) && hour >= officeOpens && hour < officeCloses
}

// AfterOfficeHours returns the time at which as much office time as left (8–16 in Helsinki on
// working days) has passed since from, in UTC.
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
