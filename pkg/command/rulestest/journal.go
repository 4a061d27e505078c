// Package rulestest runs a service's rules without a store. A test states a history and a command,
// and checks the resulting events and what is disclosed to each agency.
package rulestest

import (
	"fmt"
	"maps"
	"slices"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/matter"
)

// Journal keeps histories and mailboxes in memory.
type Journal[S matter.State] struct {
	Rules     command.Rules[S]
	Histories map[string]matter.History[S]
	// Events lists all events, in order.
	Events []matter.Event
	// Mail is what was disclosed to each agency, in order.
	Mail map[string][]command.Disclosed[S]
	// Counted is what statistics count of each matter, each count once, in order.
	Counted map[string][]matter.Count

	uniqueKeys map[string]string
	ids        int
}

// New makes an empty journal.
func New[S matter.State](rules command.Rules[S]) *Journal[S] {
	return &Journal[S]{
		Rules: rules, Histories: map[string]matter.History[S]{}, Mail: map[string][]command.Disclosed[S]{}, Counted: map[string][]matter.Count{},
		uniqueKeys: map[string]string{},
	}
}

// World returns all histories and unique keys, as a decision sees them.
func (j *Journal[S]) World() matter.World[S] {
	return matter.World[S]{Subjects: maps.Clone(j.Histories), UniqueKeys: maps.Clone(j.uniqueKeys)}
}

// Append records decided events. It fails if two matters would hold the same unique key.
func (j *Journal[S]) Append(events []matter.Event) error {
	before := maps.Clone(j.Histories)
	var changed []string
	for _, event := range events {
		j.ids++
		event.At = matter.Later(event.At, j.Histories[event.Subject].LastAt())
		event.ID = fmt.Sprintf("message-%d", j.ids)
		next, disclosed := j.Rules.Next(j.Histories[event.Subject], event)
		for _, what := range j.Rules.Counters(j.Histories[event.Subject].State, next.State, event).Counts {
			if !slices.Contains(j.Counted[event.Subject], what) {
				j.Counted[event.Subject] = append(j.Counted[event.Subject], what)
			}
		}
		j.Histories[event.Subject] = next
		j.Events = append(j.Events, event)
		for _, one := range disclosed {
			j.Mail[one.View.Reader.Agency] = append(j.Mail[one.View.Reader.Agency], one)
		}
		if !slices.Contains(changed, event.Subject) {
			changed = append(changed, event.Subject)
		}
	}
	for _, subject := range changed {
		now := j.Rules.HeldBy(j.Histories[subject].State)
		for _, held := range j.Rules.HeldBy(before[subject].State) {
			if !slices.Contains(now, held) {
				delete(j.uniqueKeys, held)
			}
		}
	}
	for _, subject := range changed {
		for _, held := range j.Rules.HeldBy(j.Histories[subject].State) {
			if holder := j.uniqueKeys[held]; holder != "" && holder != subject {
				return fmt.Errorf("%s and %s hold one unique key", holder, subject)
			}
			j.uniqueKeys[held] = subject
		}
	}
	return nil
}

// Subjects returns the names of all matters, sorted.
func (j *Journal[S]) Subjects() []string { return slices.Sorted(maps.Keys(j.Histories)) }
