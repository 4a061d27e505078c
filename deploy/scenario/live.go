package scenario

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Saved returns the values that a step saves of its answer.
func Saved(step Step, answer map[string]any) map[string]string {
	saved := map[string]string{}
	for name, path := range step.Save {
		if value, is := at(answer, path).(string); is {
			saved[name] = value
		}
	}
	return saved
}

// Leading returns the steps that lead to a step, and the step itself: those that concern a matter which it names, or
// which a name of names stands for, and what these need. Steps that are refused, and readings, lead nowhere.
func (s Scenario) Leading(last int, names ...string) []int {
	needed := map[string]bool{}
	for _, name := range append(names, s.Steps[last].uses()...) {
		needed[name] = true
	}
	chosen := map[int]bool{last: true}
	for grown := true; grown; {
		grown = false
		for i := last - 1; i >= 0; i-- {
			step := s.Steps[i]
			if chosen[i] || step.Call == "" || step.Code != "" || !step.touches(needed) {
				continue
			}
			chosen[i], grown = true, true
			for _, name := range append(step.uses(), step.saves()...) {
				needed[name] = true
			}
		}
	}
	var steps []int
	for i := range s.Steps[:last+1] {
		if chosen[i] {
			steps = append(steps, i)
		}
	}
	return steps
}

// Before returns all steps up to one, except those that are refused.
func (s Scenario) Before(last int) []int {
	var steps []int
	for i, step := range s.Steps[:last+1] {
		if step.Mailbox == "" && step.Code == "" {
			steps = append(steps, i)
		}
	}
	return steps
}

func (s Step) uses() []string {
	var names []string
	for _, name := range savedName.FindAllString(string(s.Body), -1) {
		if name != "$uuid" && !slices.Contains(names, name[1:]) {
			names = append(names, name[1:])
		}
	}
	return names
}

func (s Step) saves() []string {
	var names []string
	for name := range s.Save {
		names = append(names, name)
	}
	return names
}

func (s Step) touches(needed map[string]bool) bool {
	is := func(name string) bool { return needed[name] }
	reads := strings.HasPrefix(s.Method(), "Get") || strings.HasPrefix(s.Method(), "List") || strings.HasPrefix(s.Method(), "Find")
	return slices.ContainsFunc(s.saves(), is) || !reads && slices.ContainsFunc(s.uses(), is)
}

// Living is what changes in a scenario that is replayed beside other traffic.
type Living struct {
	// Now is the domain's time, at which it begins.
	Now time.Time
	// Client returns the identity code of the person who takes a client's part.
	Client func(code string) string
	// Agencies are the keys of agencies that take another's part, by that agency.
	Agencies map[string]string
}

var (
	persons = regexp.MustCompile(`\b[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-Z]\b`)
	moments = regexp.MustCompile(`\b20[0-9]{2}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9]{2}:[0-9]{2}))?`)
	texts   = regexp.MustCompile(`"[a-z0-9-]+"`)
)

// Live returns some of the scenario's steps to be replayed beside other traffic: with other persons and agencies, at
// another time, and with no expectation of what else is there.
func (s Scenario) Live(steps []int, change Living) (Scenario, error) {
	live := Scenario{Name: s.Name, Title: s.Title, Clock: change.Now, Cast: map[string]CastParty{}}
	for name, party := range s.Cast {
		if party.PersonalIdentityCode != "" {
			party.PersonalIdentityCode = change.Client(party.PersonalIdentityCode)
		}
		if other := change.Agencies[party.Agency]; other != "" {
			party.Agency = other
		}
		live.Cast[name] = party
	}
	for _, i := range steps {
		if i < 0 || i >= len(s.Steps) {
			return live, fmt.Errorf("scenario %s has no step %d", s.Name, i)
		}
		step := s.Steps[i]
		step.Expect, step.Mailbox = nil, ""
		step.Body = json.RawMessage(change.text(string(step.Body), change.Now.Sub(s.Clock)))
		step.Advance = change.text(step.Advance, change.Now.Sub(s.Clock))
		live.Steps = append(live.Steps, step)
	}
	return live, nil
}

// text replaces persons, agencies and moments in a text.
func (l Living) text(text string, later time.Duration) string {
	text = persons.ReplaceAllStringFunc(text, l.Client)
	text = moments.ReplaceAllStringFunc(text, func(moment string) string {
		if at, err := time.Parse(time.RFC3339Nano, moment); err == nil {
			return at.Add(later).UTC().Format(time.RFC3339Nano)
		}
		at, err := time.Parse(time.DateOnly, moment)
		if err != nil {
			return moment
		}
		return at.Add(later.Round(24 * time.Hour)).Format(time.DateOnly)
	})
	return texts.ReplaceAllStringFunc(text, func(quoted string) string {
		if other := l.Agencies[quoted[1:len(quoted)-1]]; other != "" {
			return `"` + other + `"`
		}
		return quoted
	})
}
