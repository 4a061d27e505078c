package loop

import "time"

// InOfficeHours tells whether a time is within office hours: from 8 to before 16 on a
// working day, in Helsinki.
func InOfficeHours(t time.Time) bool {
	hour := t.In(helsinki).Hour()
	return IsWorkingDay(t) && hour >= officeOpens && hour < officeCloses
}
