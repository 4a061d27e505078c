package identity

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Set is a list of words in a comparable form: in order, each once, with a space between two.
type Set string

// SetOf returns the set of words. No word holds a space.
func SetOf(words ...string) Set {
	return Set(strings.Join(slices.Compact(slices.Sorted(slices.Values(words))), " "))
}

// Words returns the words of the set.
func (s Set) Words() []string { return strings.Fields(string(s)) }

// Emergency is a caller's reading of a client's matters in an emergency.
type Emergency struct {
	// ID of the emergency reading.
	ID string
	// Client is the client's internal id.
	Client string
	// Until is when it ends, to the second.
	Until time.Time
}

// String returns it as a word of Caller.Emergencies.
func (e Emergency) String() string {
	return e.ID + "@" + strconv.FormatInt(e.Until.Unix(), 10) + "@" + e.Client
}

// Emergency returns the emergency readings that have not ended at a time. What is malformed is none.
func (c Caller) Emergency(now time.Time) []Emergency {
	var all []Emergency
	for _, word := range c.Emergencies.Words() {
		parts := strings.SplitN(word, "@", 3)
		if len(parts) != 3 {
			continue
		}
		until, err := strconv.ParseInt(parts[1], 10, 64)
		if err == nil && now.Before(time.Unix(until, 0)) {
			all = append(all, Emergency{ID: parts[0], Client: parts[2], Until: time.Unix(until, 0).UTC()})
		}
	}
	return all
}

// DutyUnits returns the units on whose roster the caller is in one of the weeks.
func (c Caller) DutyUnits(weeks ...string) []string {
	var units []string
	for _, word := range c.Duty.Words() {
		unit, week, _ := strings.Cut(word, "/")
		if slices.Contains(weeks, week) && !slices.Contains(units, unit) {
			units = append(units, unit)
		}
	}
	return units
}
