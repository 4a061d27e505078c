package load

import (
	"iter"
	"math/rand/v2"
	"time"
)

const (
	day = 24 * time.Hour
	// meanMonth is the mean number of days in a calendar month.
	meanMonth = 365.2425 / 12
	// turnDays is how many days around the first of a month are busier, when benefits are paid and
	// rents are due; turn is the factor for them.
	turnDays = 5
	turn     = 1.6
)

// hours of a day, from midnight: the activity of each hour relative to the mean hour.
var hours = [24]float64{
	0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.4, 1.0, 3.0, 3.4, 3.0, 2.2, 2.0, 2.4, 2.0, 1.4, 0.6, 0.4, 0.3, 0.3, 0.3, 0.2, 0.2, 0.1,
}

// weekdays from Sunday, relative to the mean day: Monday is the busiest, after the weekend.
var weekdays = [7]float64{0.15, 1.9, 1.35, 1.2, 1.15, 1.05, 0.2}

// Rhythm is the country's activity at a moment, relative to the mean hour. Its mean over years is
// 1.
func Rhythm(at time.Time) float64 {
	return hours[at.Hour()] * weekdays[at.Weekday()] * month(at)
}

// month is the factor for the day of the month: higher on its last two days and its first three.
func month(at time.Time) float64 {
	last := time.Date(at.Year(), at.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	if at.Day() <= 3 || at.Day() > last-2 {
		return turn
	}
	return (meanMonth - turnDays*turn) / (meanMonth - turnDays)
}

// countryStart is a Thursday; the Monday that follows is the first of a month.
var countryStart = time.Date(2026, 5, 28, 0, 0, 0, 0, time.UTC)

// pace is the rate of a run: the country's rhythm, compressed to the run's duration.
type pace struct {
	rate     float64
	duration time.Duration
	days     float64
	// mean of the rhythm over the run, by which the rate is divided so that the run's mean is the
	// rate asked for; peak is its maximum.
	mean, peak float64
}

// paceSteps is how many moments of a run are sampled for mean and peak.
const paceSteps = 10_000

func newPace(rate float64, duration time.Duration, days float64) pace {
	p := pace{rate: rate, duration: duration, days: days, mean: 1}
	sum := 0.0
	for i := range paceSteps {
		r := p.rhythm(duration * time.Duration(i) / paceSteps)
		sum, p.peak = sum+r, max(p.peak, r)
	}
	p.mean = sum / paceSteps
	return p
}

func (p pace) rhythm(at time.Duration) float64 {
	if p.days == 0 {
		return 1
	}
	return Rhythm(countryStart.Add(time.Duration(float64(at) / float64(p.duration) * p.days * float64(day))))
}

// at is the number of commands a second at a moment of the run.
func (p pace) at(moment time.Duration) float64 { return p.rate * p.rhythm(moment) / p.mean }

// arrivals are the moments of a run at which commands are due. They are independent of each other,
// as from many people, and do not wait for answers.
func (p pace) arrivals(random *rand.Rand) iter.Seq[time.Duration] {
	most := p.rate * p.peak / p.mean
	return func(yield func(time.Duration) bool) {
		for at := 0.0; ; {
			at += random.ExpFloat64() / most
			moment := time.Duration(at * float64(time.Second))
			if moment >= p.duration {
				return
			}
			// Arrivals are drawn at the peak's rate and kept in proportion to the rate at that
			// moment.
			if random.Float64()*most < p.at(moment) && !yield(moment) {
				return
			}
		}
	}
}
