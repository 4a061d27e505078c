package decide

import (
	"bytes"
	"context"
	"slices"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
)

// Deeds are the changes of one subject of which a reader was told, and who made each as
// the reader was told. One command may change subjects of which its own agency may not
// know: such a change is nobody's deed to that agency.
type Deeds[S loop.State] struct {
	// View is the subject as the reader has been shown it.
	View loop.View[S]

	rows []journal.Event
	// by is the agency that made each event told, by the event's id; empty for the client.
	by map[string]string
}

// Deeds reads them for an agency that has a relation to the subject or had one, or for the
// person whom it concerns. It returns nil for any other reader, and where the subject was
// erased; for an agency also where it was entered in error, since that names no client.
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

// headless is how far the time of a change may lie from that of its record where the record
// does not hold the hash of the history that the change left.
const headless = time.Second

// Disclosed tells whether the reader was told of the change that a record is of, as a deed of an
// agency. Before returns the head that the change before it left, and is asked only where the
// record's last event does not say.
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

// at is the place of the event that left a head; -1 for none.
func (d *Deeds[S]) at(head []byte) int {
	return slices.IndexFunc(d.rows, func(row journal.Event) bool { return bytes.Equal(row.Hash, head) })
}

func (d *Deeds[S]) isBy(agency string, row journal.Event) bool {
	by, told := d.by[row.ID]
	return told && by == agency
}
