package decide

import (
	"context"
	"maps"
	"slices"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
)

// NewRecipient is an agency that a decision tells of a subject for the first time, or again
// after it had left.
type NewRecipient struct{ Subject, Agency string }

// admit asks whether those who are told for the first time may be, and takes along what
// that answers.
func (c *change[S]) admit(ctx context.Context) error {
	if c.command.Admit == nil {
		return nil
	}
	beside, err := c.command.Admit(ctx, c.newRecipients())
	c.batch = join(c.batch, beside)
	return err
}

// newRecipients compares who has a relation after with who had one before. Neither the
// caller's own agency is new to the matter, nor who had a relation to the subject that is
// commanded: what is passed on of it is told to them again.
func (c *change[S]) newRecipients() []NewRecipient {
	var told []NewRecipient
	commanded := c.before.Subjects[c.command.Subject]
	for _, subject := range c.touched {
		before, after := c.before.Subjects[subject], c.histories[subject]
		for _, agency := range slices.Sorted(maps.Keys(after.Views)) {
			known := agency == c.command.Agency || before.Related(agency) || commanded.Related(agency)
			if after.Related(agency) && !known {
				told = append(told, NewRecipient{subject, agency})
			}
		}
	}
	return told
}

// join is one append of two that touch nothing in common.
func join(a, b journal.Batch) journal.Batch {
	for subject, version := range b.Expected {
		a.Expected[subject] = version
	}
	a.Seen = b.Seen
	a.Events, a.Streams, a.WorklistEntries = append(a.Events, b.Events...), append(a.Streams, b.Streams...), append(a.WorklistEntries, b.WorklistEntries...)
	a.Accesses = append(a.Accesses, b.Accesses...)
	return a
}

// Rows are the events of a subject as rows, for the append of another command: nobody is
// told of them, and they answer no request.
func (e *Engine[S]) Rows(world loop.World[S], access journal.Access, events []loop.Event) (journal.Batch, error) {
	change, err := e.change(world, Command[S]{Access: access}, events)
	if err != nil {
		return journal.Batch{}, err
	}
	return change.batch, nil
}
