package gateway

import (
	"time"

	"koppi.internal/pkg/matter"
)

// month is a calendar month in Helsinki, such as "2026-11".
type month string

func (m month) span() (from, to time.Time) {
	from, to, err := matter.MonthSpan(string(m))
	if err != nil {
		panic(err) // requests and counters are checked
	}
	return from, to
}

func (m month) next() month {
	_, to := m.span()
	return month(matter.Month(to))
}

// waited is the wait nearest to the given one that is possible for a matter that was sent in one
// month (sent) and taken in another (m).
func (m month) waited(sent month, wait time.Duration) time.Duration {
	from, to := m.span()
	earliest, latest := sent.span()
	return min(max(wait, from.Sub(latest), 0), to.Sub(earliest)-time.Minute)
}

// far is the distance between a wait and the nearest one that is possible for such a matter.
func (m month) far(sent month, wait time.Duration) time.Duration {
	return (wait - m.waited(sent, wait)).Abs()
}
