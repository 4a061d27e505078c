package decide

import (
	"context"
	"maps"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// fold computes a history from its events: the true state, and each reader's view
// from what that reader is told.
func (e *Engine[S]) fold(ctx context.Context, events []loop.Event) (loop.History[S], error) {
	history := loop.History[S]{}
	if len(events) == 0 {
		return history, nil
	}
	withdrawn, err := e.withdrawn(ctx, events[0].Subject)
	if err != nil {
		return history, err
	}
	return e.Rules.Fold(events, withdrawn), nil
}

func (e *Engine[S]) withdrawn(ctx context.Context, subject string) (bool, error) {
	if e.Withdrawn == nil {
		return false, nil
	}
	return e.Withdrawn(ctx, subject)
}

// Fold computes a history from all events of a subject, oldest first.
func (r Rules[S]) Fold(events []loop.Event, withdrawn bool) loop.History[S] {
	history := loop.History[S]{Withdrawn: withdrawn}
	for _, event := range events {
		history, _ = r.Next(history, event)
	}
	return history
}

// Next adds one event to a history and says who is told what of it, in the order
// in which they are told. The given history stays as it was.
func (r Rules[S]) Next(history loop.History[S], event loop.Event) (loop.History[S], []Told[S]) {
	next := loop.History[S]{
		State: r.Evolve(history.State, event), Version: history.Version + 1,
		Views: maps.Clone(history.Views), Withdrawn: history.Withdrawn, Shared: history.Shared,
	}
	if next.Views == nil {
		next.Views = map[string]loop.View[S]{}
	}
	var all []Told[S]
	live := 0
	for _, reader := range r.Readers(next.State, next.Withdrawn) {
		view := next.Views[reader.Agency]
		// The last that it is told is that it has left.
		gone := view.Reader.Gone && reader.Gone
		view.Reader = reader
		if !gone {
			live++
		}
		disclosed, withheld, tell := r.Tell(view.State, event, reader)
		if tell && !gone {
			view.State = r.Evolve(view.State, disclosed)
			view.Version++
			all = append(all, Told[S]{View: view, Event: disclosed, Withheld: withheld})
		}
		next.Views[reader.Agency] = view
	}
	if len(all) == live {
		next.Shared = event.ID
	}
	return next, all
}

// Tell is what a reader is told of an event, given its view so far; false where it is
// told nothing. That something was entered in error
// is told to every party alike, of others the agency alone.
func (r Rules[S]) Tell(view S, event loop.Event, reader loop.Reader) (loop.Event, []loop.Withheld, bool) {
	if _, erased := event.Message.(*commonv1.CopiesErased); erased {
		return event, nil, false
	}
	if loop.IsNotice(event.Message) {
		event.By = loop.AgencyAlone(event.By, reader.Agency)
		return event, nil, true
	}
	return r.Disclose(view, event, reader)
}

// ForClient is a subject as the person whom it concerns sees it.
func (r Rules[S]) ForClient(events []loop.Event) loop.View[S] {
	view, _ := r.ToldClient(events)
	return view
}

// ToldClient is that, and all that the person is told, in order.
func (r Rules[S]) ToldClient(events []loop.Event) (loop.View[S], []Told[S]) {
	view := loop.View[S]{Reader: loop.Reader{Role: loop.RoleClient}}
	var all []Told[S]
	for _, event := range events {
		if disclosed, withheld, tell := r.Tell(view.State, event, view.Reader); tell {
			view.State = r.Evolve(view.State, disclosed)
			view.Version++
			all = append(all, Told[S]{View: view, Event: disclosed, Withheld: withheld})
		}
	}
	return view, all
}

// Told is what one reader is told of one event, and its view after it.
type Told[S loop.State] struct {
	View     loop.View[S]
	Event    loop.Event
	Withheld []loop.Withheld
}
