package command

import (
	"maps"
	"slices"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// NewRecipient is an agency to which a decision discloses a subject for the first time, or again
// after the agency had left.
type NewRecipient struct{ Subject, Agency string }

// recipients returns the agencies that have a relation to a subject after the decision and had
// none before. It leaves out the caller's own agency, and every agency that already had a relation
// to the commanded subject: what is passed on from that subject is known to it already.
func (c *change[S]) recipients() []NewRecipient {
	var recipients []NewRecipient
	commanded := c.before.Subjects[c.target.Subject]
	for _, subject := range c.changed {
		before, after := c.before.Subjects[subject], c.histories[subject]
		for _, agency := range slices.Sorted(maps.Keys(after.Views)) {
			known := agency == c.target.Agency || before.Related(agency) || commanded.Related(agency)
			if after.Related(agency) && !known {
				recipients = append(recipients, NewRecipient{subject, agency})
			}
		}
	}
	return recipients
}

// join merges two batches that have nothing in common into one.
func join(a, b journal.Batch) journal.Batch {
	for subject, version := range b.Expected {
		a.Expected[subject] = version
	}
	a.Seen = b.Seen
	a.Events, a.Streams, a.WorklistEntries = append(a.Events, b.Events...), append(a.Streams, b.Streams...), append(a.WorklistEntries, b.WorklistEntries...)
	a.Accesses = append(a.Accesses, b.Accesses...)
	return a
}

// Rows returns the events of a subject as rows that another command appends. They are disclosed to
// no reader and belong to no request_id.
func (e *Engine[S]) Rows(world matter.World[S], access journal.Access, events []matter.Event) (journal.Batch, error) {
	change, err := e.change(world, Target{Access: access}, events)
	if err != nil {
		return journal.Batch{}, err
	}
	return change.batch, nil
}
