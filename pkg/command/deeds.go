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

// Deeds are the changes of one subject that were disclosed to a reader, with the agency that made
// each, as it was disclosed. One command may change subjects that its own agency may not know: for
// that agency, such a change has no author.
type Deeds[S matter.State] struct {
	// View is the subject as it has been disclosed to the reader.
	View matter.View[S]

	rows []journal.Event
	// by is the agency that made each disclosed event, by event id; empty for the client.
	by map[string]string
}

// Deeds reads the changes of a subject for an agency that has or had a relation to it, or for the
// person whom it concerns. It returns nil for any other reader and for an erased subject; for an
// agency also if the subject was entered in error, since that names no client.
func (e *Engine[S]) Deeds(ctx context.Context, subject, agency, client string) (*Deeds[S], error) {
	histories, err := e.Store.Load(ctx, subject)
	if err != nil {
		return nil, fault.Store(err)
	}
	events, err := fromRows(histories[0])
	if err != nil || len(events) == 0 {
		return nil, err
	}
	deeds := &Deeds[S]{rows: histories[0], by: map[string]string{}}
	var told []Disclosed[S]
	if agency == "" {
		if client == "" || events[0].Client != client {
			return nil, nil
		}
		deeds.View, told = e.Rules.DiscloseToClient(events)
	} else {
		now := e.Rules.Fold(events, false)
		view, known := now.Views[agency]
		if !known || now.State.Common().IsRevoked() {
			return nil, nil
		}
		deeds.View, told = view, e.Rules.toldAgency(events, now.State.Common().IsWithdrawn(), agency)
	}
	for _, one := range told {
		deeds.by[one.Event.ID] = one.Event.By.GetAgency()
	}
	return deeds, nil
}

// headless is the largest difference between the time of a change and the time of its access
// record, if the record does not hold the hash of the history that the change left.
const headless = time.Second

// Disclosed tells whether the change that an access record is about was disclosed to the reader as
// an act of the agency. The before callback returns the hash of the history that the previous
// change left; it is called only if the last event of the record does not settle the question.
func (d *Deeds[S]) Disclosed(agency string, record journal.Access, before func() ([]byte, error)) (bool, error) {
	if len(record.Head) == 0 {
		return slices.ContainsFunc(d.rows, func(row journal.Event) bool {
			return d.isBy(agency, row) && row.At.Sub(record.At).Abs() <= headless
		}), nil
	}
	last := d.at(record.Head)
	if last < 0 || d.isBy(agency, d.rows[last]) {
		return last >= 0, nil
	}
	if last == 0 || !slices.ContainsFunc(d.rows[:last], func(row journal.Event) bool { return d.isBy(agency, row) }) {
		return false, nil
	}
	head, err := before()
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(d.rows[d.at(head)+1:last], func(row journal.Event) bool { return d.isBy(agency, row) }), nil
}

// at returns the index of the event that left the history hash; -1 if there is none.
func (d *Deeds[S]) at(head []byte) int {
	return slices.IndexFunc(d.rows, func(row journal.Event) bool { return bytes.Equal(row.Hash, head) })
}

func (d *Deeds[S]) isBy(agency string, row journal.Event) bool {
	by, told := d.by[row.ID]
	return told && by == agency
}
