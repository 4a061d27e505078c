package service

import (
	"context"
	"errors"
	"log/slog"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/telemetry"
)

var unreadable = telemetry.Counter("koppi.subjects.unreadable", "{subject}", "Subjects left out of an answer because their history cannot be read.")

// part is a part of a page: subjects as they are disclosed to a caller, each beside its row.
type part[S matter.State] struct {
	shown []Shown[S]
	rows  []journal.WorklistEntry
	// done is the number of rows processed; fewer than given if the answer is full.
	done int
}

// fill reads the subjects of rows in their order: as many as fit into one answer, but at least one.
// A subject whose history cannot be read is left out, so that it does not block the others.
func (k *Kernel[S]) fill(ctx context.Context, who identity.Caller, rows []journal.WorklistEntry, sized func(Shown[S]) proto.Message) (part[S], error) {
	filled, page := part[S]{}, mailbox.Page{}
	for len(rows) > filled.done {
		next := rows[filled.done:min(len(rows), filled.done+readAtOnce)]
		shown, err := k.readable(ctx, who, next)
		if err != nil {
			return filled, err
		}
		for i, one := range shown {
			if one != nil && !page.Takes(sized(*one)) {
				return filled, nil
			}
			filled.done++
			if one != nil {
				filled.shown, filled.rows = append(filled.shown, *one), append(filled.rows, next[i])
			}
		}
	}
	return filled, nil
}

// readable reads the subjects of rows; the result is nil for each whose history cannot be read.
func (k *Kernel[S]) readable(ctx context.Context, who identity.Caller, rows []journal.WorklistEntry) ([]*Shown[S], error) {
	all := make([]*Shown[S], len(rows))
	together, err := k.read(ctx, who, Subjects(rows)...)
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
		one, err := k.read(ctx, who, row.Subject)
		switch {
		case errors.Is(err, journal.ErrUnreadable):
			k.leftOut(ctx, row.Subject, err)
		case err != nil:
			return nil, err
		default:
			all[i] = &one[0]
		}
	}
	return all, nil
}

// readableEvents returns all events of subjects, read together. A subject whose history cannot be
// read has none, so that it does not block the others.
func (k *Kernel[S]) readableEvents(ctx context.Context, subjects ...string) ([][]matter.Event, error) {
	all, err := k.Engine.EventsOf(ctx, subjects...)
	if !errors.Is(err, journal.ErrUnreadable) {
		return all, err
	}
	all = make([][]matter.Event, len(subjects))
	for i, subject := range subjects {
		switch all[i], err = k.Engine.Events(ctx, subject); {
		case errors.Is(err, journal.ErrUnreadable):
			k.leftOut(ctx, subject, err)
		case err != nil:
			return nil, err
		}
	}
	return all, nil
}

// leftOut raises the alarm that a subject cannot be read.
func (k *Kernel[S]) leftOut(ctx context.Context, subject string, err error) {
	unreadable.Add(ctx, 1)
	k.Logger.ErrorContext(ctx, "a subject cannot be read", slog.String("subject", subject), slog.String("error", err.Error()))
}
