package command

import (
	"bytes"
	"context"
	"slices"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// Changes are the changes of one subject that were disclosed to a reader, with the agency that made
// each, as it was disclosed. One command may change subjects that its own agency may not know: for
// that agency, such a change has no author.
type Changes[S matter.State] struct {
	// View is the subject as it has been disclosed to the reader.
	View matter.View[S]

	rows []journal.Event
	// by is the agency that made each disclosed event, by event id; empty for the client.
	by map[string]string
}

// Changes reads the changes of a subject for a caller of an agency that has or had a relation to it, or for the
// person whom it concerns. It returns nil for any other reader and for an erased subject; for an
// agency also if the subject was entered in error, since that names no client.
func (e *Engine[S]) Changes(ctx context.Context, subject string, scope matter.Scope, client string) (*Changes[S], error) {
	histories, err := e.Store.Load(ctx, subject)
	if err != nil {
		return nil, fault.Store(err)
	}
	events, err := EventsFrom(histories[0])
	if err != nil || len(events) == 0 {
		return nil, err
	}
	changes := &Changes[S]{rows: histories[0], by: map[string]string{}}
	var disclosed []Disclosed[S]
	if scope.Agency == "" {
		if client == "" || events[0].Client != client {
			return nil, nil
		}
		changes.View, disclosed = e.Rules.DiscloseToClient(events)
	} else {
		now := e.Rules.Fold(events, false)
		view, known := now.Views[scope.Agency]
		if !known || now.State.Common().IsRevoked() || e.Rules.PermissionIn(scope, view) == matter.PermissionNone {
			return nil, nil
		}
		changes.View, disclosed = view, e.Rules.DisclosedNow(events, uint64(len(events)), scope.Agency)
	}
	for _, one := range disclosed {
		changes.by[one.Event.ID] = one.Event.By.GetAgency()
	}
	return changes, nil
}

// headless is the largest difference between the time of a change and the time of its access
// record, if the record does not hold the hash of the history that the change left.
const headless = time.Second

// Disclosed tells whether the change that an access record is about was disclosed to the reader as
// an act of the agency. The before callback returns the hash of the history that the previous
// change left; it is called only if the last event of the record does not settle the question.
func (c *Changes[S]) Disclosed(agency string, record journal.Access, before func() ([]byte, error)) (bool, error) {
	if len(record.Head) == 0 {
		return slices.ContainsFunc(c.rows, func(row journal.Event) bool {
			return c.isBy(agency, row) && row.At.Sub(record.At).Abs() <= headless
		}), nil
	}
	last := c.at(record.Head)
	if last < 0 || c.isBy(agency, c.rows[last]) {
		return last >= 0, nil
	}
	if last == 0 || !slices.ContainsFunc(c.rows[:last], func(row journal.Event) bool { return c.isBy(agency, row) }) {
		return false, nil
	}
	head, err := before()
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(c.rows[c.at(head)+1:last], func(row journal.Event) bool { return c.isBy(agency, row) }), nil
}

// at returns the index of the event that left the history hash; -1 if there is none.
func (c *Changes[S]) at(head []byte) int {
	return slices.IndexFunc(c.rows, func(row journal.Event) bool { return bytes.Equal(row.Hash, head) })
}

func (c *Changes[S]) isBy(agency string, row journal.Event) bool {
	by, known := c.by[row.ID]
	return known && by == agency
}
