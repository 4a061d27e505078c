package reading

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
)

// Part is a part of a page: subjects as they are disclosed to a caller, each beside its row.
type Part[S matter.State] struct {
	Shown []Shown[S]
	Rows  []journal.WorklistEntry
	// Done is the number of rows processed; fewer than given if the answer is full.
	Done int
}

// Fill reads the subjects of rows in their order: as many as fit into one answer, but at least one.
// A subject whose history cannot be read is left out, so that it does not block the others.
func (m *Matters[S]) Fill(ctx context.Context, who identity.Caller, rows []journal.WorklistEntry, sized func(Shown[S]) proto.Message) (Part[S], error) {
	filled, page := Part[S]{}, mailbox.Page{}
	for len(rows) > filled.Done {
		next := rows[filled.Done:min(len(rows), filled.Done+AtOnce)]
		shown, err := m.readable(ctx, who, next)
		if err != nil {
			return filled, err
		}
		for i, one := range shown {
			if one != nil && !page.Takes(sized(*one)) {
				return filled, nil
			}
			filled.Done++
			if one != nil {
				filled.Shown, filled.Rows = append(filled.Shown, *one), append(filled.Rows, next[i])
			}
		}
	}
	return filled, nil
}

// readable reads the subjects of rows; the result is nil for each whose history cannot be read.
func (m *Matters[S]) readable(ctx context.Context, who identity.Caller, rows []journal.WorklistEntry) ([]*Shown[S], error) {
	all := make([]*Shown[S], len(rows))
	together, err := m.Read(ctx, who, Subjects(rows)...)
	if err == nil {
		for i := range together {
			all[i] = &together[i]
		}
		return all, nil
	}
	if !errors.Is(err, journal.ErrUnreadable) {
		return nil, err
	}
	for i, row := range rows {
		one, err := m.Read(ctx, who, row.Subject)
		switch {
		case errors.Is(err, journal.ErrUnreadable):
			m.Engine.ReportUnreadable(ctx, row.Subject, err)
		case err != nil:
			return nil, err
		default:
			all[i] = &one[0]
		}
	}
	return all, nil
}
