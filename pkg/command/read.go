package command

import (
	"context"
	"errors"
	"log/slog"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/telemetry"
)

var unreadable = telemetry.Counter("koppi.subjects.unreadable", "{subject}", "Subjects left out of an answer because their history cannot be read.")

// Read folds the histories of subjects, in the given order. A subject that the scope does not allow to
// read is not found, as if it did not exist.
func (e *Engine[S]) Read(ctx context.Context, scope matter.Scope, subjects ...string) ([]matter.History[S], error) {
	world := matter.World[S]{Subjects: map[string]matter.History[S]{}}
	if err := e.loadSubjects(ctx, world, subjects); err != nil {
		return nil, err
	}
	histories := make([]matter.History[S], 0, len(subjects))
	for _, subject := range subjects {
		history := world.Subjects[subject]
		if e.Rules.Permission(scope, history) == matter.PermissionNone {
			return nil, notFound()
		}
		histories = append(histories, history)
	}
	return histories, nil
}

// ReadClient folds the histories of subjects as the person whom they concern sees them. A subject
// of another person is not found, as if it did not exist.
func (e *Engine[S]) ReadClient(ctx context.Context, client string, subjects ...string) ([]matter.View[S], error) {
	histories, err := e.Store.Load(ctx, subjects...)
	if err != nil {
		return nil, fault.Store(err)
	}
	views := make([]matter.View[S], 0, len(subjects))
	for _, rows := range histories {
		events, err := EventsFrom(rows)
		if err != nil {
			return nil, err
		}
		if len(events) == 0 || client == "" || events[0].Client != client {
			return nil, notFound()
		}
		views = append(views, e.Rules.ForClient(events))
	}
	return views, nil
}

// Events returns all events of a subject, as recorded; none if it does not exist or was erased.
func (e *Engine[S]) Events(ctx context.Context, subject string) ([]matter.Event, error) {
	all, err := e.EventsOf(ctx, subject)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// EventsOf returns all events of each subject, read together, in the order of the given names.
func (e *Engine[S]) EventsOf(ctx context.Context, subjects ...string) ([][]matter.Event, error) {
	histories, err := e.Store.Load(ctx, subjects...)
	if err != nil {
		return nil, fault.Store(err)
	}
	all := make([][]matter.Event, 0, len(histories))
	for _, rows := range histories {
		events, err := EventsFrom(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, events)
	}
	return all, nil
}

// ReadableEvents returns all events of subjects, read together. A subject whose history cannot be
// read has none, so that it does not block the others.
func (e *Engine[S]) ReadableEvents(ctx context.Context, subjects ...string) ([][]matter.Event, error) {
	all, err := e.EventsOf(ctx, subjects...)
	if !errors.Is(err, journal.ErrUnreadable) {
		return all, err
	}
	all = make([][]matter.Event, len(subjects))
	for i, subject := range subjects {
		switch all[i], err = e.Events(ctx, subject); {
		case errors.Is(err, journal.ErrUnreadable):
			e.ReportUnreadable(ctx, subject, err)
		case err != nil:
			return nil, err
		}
	}
	return all, nil
}

// Completions returns what worklist entries of subjects can lack. A subject whose history cannot be read
// has none.
func (e *Engine[S]) Completions(ctx context.Context, subjects ...string) ([]journal.Completion, error) {
	all, err := e.EventsOf(ctx, subjects...)
	if err == nil {
		completions := make([]journal.Completion, 0, len(all))
		for i, events := range all {
			completions = append(completions, e.completion(subjects[i], events))
		}
		return completions, nil
	}
	if !errors.Is(err, journal.ErrUnreadable) {
		return nil, err
	}
	var completions []journal.Completion
	for _, subject := range subjects {
		events, err := e.Events(ctx, subject)
		switch {
		case errors.Is(err, journal.ErrUnreadable):
			e.ReportUnreadable(ctx, subject, err)
		case err != nil:
			return nil, err
		default:
			completions = append(completions, e.completion(subject, events))
		}
	}
	return completions, nil
}

// completion returns what the entries of a subject can lack. An erased subject has no parts that are known:
// nobody reads it by unit.
func (e *Engine[S]) completion(subject string, events []matter.Event) journal.Completion {
	completion := journal.Completion{
		Subject: subject, Number: string(e.NumberOf(subject, matter.NumberIn(events))), Parts: map[string]string{}, Marks: map[string]int32{},
	}
	for agency, view := range e.Rules.HistoryOf(events).Views {
		completion.Parts[agency] = string(e.Rules.Parts(view))
		completion.Marks[agency] = e.Rules.WorklistEntry(view.State, view.Reader).Marks
	}
	return completion
}

// ReportUnreadable raises the alarm that a subject cannot be read.
func (e *Engine[S]) ReportUnreadable(ctx context.Context, subject string, err error) {
	unreadable.Add(ctx, 1)
	e.Logger.ErrorContext(ctx, "a subject cannot be read", slog.String("subject", subject), slog.String("error", err.Error()))
}

// History folds all events of a subject; it returns the zero history if the subject was erased.
func (e *Engine[S]) History(ctx context.Context, subject string) (matter.History[S], error) {
	events, err := e.Events(ctx, subject)
	if err != nil {
		return matter.History[S]{}, err
	}
	return e.Rules.HistoryOf(events), nil
}
