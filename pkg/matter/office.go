package matter

import "time"

// InOfficeHours reports whether a time is within office hours: from 8:00 until before 16:00 in
// Helsinki, on a working day.
func InOfficeHours(t time.Time) bool {
	hour := t.In(helsinki).Hour()
	return IsWorkingDay(t) && hour >= officeOpens && hour < officeCloses
}
