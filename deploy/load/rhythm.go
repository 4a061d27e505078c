package load

import (
	"iter"
	"math/rand/v2"
	"time"
)

const (
	day = 24 * time.Hour
	// meanMonth is the days of a mean month of the calendar.
	meanMonth = 365.2425 / 12
	// turnDays are the days of a turn of the month, when benefits are paid and rents are due,
	// and turn is how much more happens then.
	turnDays = 5
	turn     = 1.6
)

// hours of a day, from midnight: what happens in each of them, as a share of 24 such.
var hours = [24]float64{
	0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.4, 1.0, 3.0, 3.4, 3.0, 2.2, 2.0, 2.4, 2.0, 1.4, 0.6, 0.4, 0.3, 0.3, 0.3, 0.2, 0.2, 0.1,
}

// weekdays from Sunday on, as shares of seven: after a weekend there is more.
var weekdays = [7]float64{0.15, 1.9, 1.35, 1.2, 1.15, 1.05, 0.2}

// Rhythm is how much more than at the mean hour happens in the country at a time of its
// clock. Its mean over years is 1.
func Rhythm(at time.Time) float64 {
	return hours[at.Hour()] * weekdays[at.Weekday()] * month(at)
}

// month is the turn of the month's part: its last two days and its first three.
func month(at time.Time) float64 {
	last := time.Date(at.Year(), at.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	if at.Day() <= 3 || at.Day() > last-2 {
		return turn
	}
	return (meanMonth - turnDays*turn) / (meanMonth - turnDays)
}

// countryStart is a Thursday whose week holds a Monday that is the first of a month.
var countryStart = time.Date(2026, 5, 28, 0, 0, 0, 0, time.UTC)

// pace is the rate of a run: the country's rhythm, pressed into its duration.
type pace struct {
	rate     float64
	duration time.Duration
	days     float64
	// mean of the rhythm over the run: whatever it is, the run's rate is what was asked for.
	mean, peak float64
}

// paceSteps are how many moments of a run are looked at.
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

// at is the commands a second at a moment of the run.
func (p pace) at(moment time.Duration) float64 { return p.rate * p.rhythm(moment) / p.mean }

// arrivals are the moments of a run at which commands are due: they come of themselves,
// as from many people who do not know of each other, and wait for no answer.
func (p pace) arrivals(random *rand.Rand) iter.Seq[time.Duration] {
	most := p.rate * p.peak / p.mean
	return func(yield func(time.Duration) bool) {
		for at := 0.0; ; {
			at += random.ExpFloat64() / most
			moment := time.Duration(at * float64(time.Second))
			if moment >= p.duration {
				return
			}
			// Of those at the peak's rate, as many stay as the rate is at that moment.
			if random.Float64()*most < p.at(moment) && !yield(moment) {
				return
			}
		}
	}
}
