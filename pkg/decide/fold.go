package decide

import (
	"maps"
	"slices"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Fold computes a history from all events of a subject, oldest first; withdrawn makes it
// as if the consent on which it rests had never been.
func (r Rules[S]) Fold(events []loop.Event, withdrawn bool) loop.History[S] {
	history := loop.History[S]{Withdrawn: withdrawn}
	for i, event := range events {
		history, _ = r.next(history, event, events[:i+1:i+1])
	}
	return history
}

// Next adds one event to a history and says who is told what of it, in the order
// in which they are told. The given history stays as it was.
func (r Rules[S]) Next(history loop.History[S], event loop.Event) (loop.History[S], []Disclosed[S]) {
	return r.next(history, event, append(slices.Clip(history.Events), event))
}

// next does so, given all events with the new one.
func (r Rules[S]) next(history loop.History[S], event loop.Event, all []loop.Event) (loop.History[S], []Disclosed[S]) {
	next := loop.History[S]{
		State: r.Evolve(history.State, event), Version: history.Version + 1,
		Views: maps.Clone(history.Views), Withdrawn: history.Withdrawn, Shared: history.Shared,
		Events: all,
	}
	_, withdrawn := event.Message.(*commonv1.ConsentWithdrawn)
	if next.Views == nil {
		next.Views = map[string]loop.View[S]{}
	}
	var tells []Disclosed[S]
	live := 0
	head := next.State.Common()
	for _, reader := range r.readers(next) {
		view := next.Views[reader.Agency]
		// What was entered in error it must see to again, although it had left.
		reader.Left = reader.Gone || head.IsRevoked() && (view.Reader.Left || view.Reader.Gone)
		// The last that it is told is that it has left, and later that its copy must go.
		gone := view.Reader.Gone && reader.Gone && !loop.IsNotice(event.Message)
		view.Reader = reader
		if withdrawn && reader.OnConsent {
			// It now knows no more than if there had been no consent.
			view.State = r.Fold(history.Events, true).Views[reader.Agency].State
		}
		disclosed, withheld, tell := r.discloseTo(view.State, event, reader, head)
		if !gone && (tell || !reader.Left) {
			live++
		}
		if tell && !gone {
			view.State = r.Evolve(view.State, disclosed)
			view.Extent = view.Extent.Disclosed(event, disclosed, view.Version == 0)
			view.Version++
			tells = append(tells, Disclosed[S]{View: view, Event: disclosed, Withheld: withheld})
		}
		next.Views[reader.Agency] = view
	}
	if len(tells) == live {
		next.Shared = event.ID
	}
	return next, tells
}

// readers are those of a history, as the consent on which it rests now stands.
func (r Rules[S]) readers(history loop.History[S]) []loop.Reader {
	return r.Readers(history.State, history.Withdrawn || history.State.Common().IsWithdrawn())
}

// DiscloseTo is what a reader that has not left is told of an event, given its view so far;
// false where it is told nothing.
func (r Rules[S]) DiscloseTo(view S, event loop.Event, reader loop.Reader) (loop.Event, []loop.Withheld, bool) {
	return r.discloseTo(view, event, reader, loop.Head{})
}

// discloseTo does so for every reader, given the subject's head after the event.
func (r Rules[S]) discloseTo(view S, event loop.Event, reader loop.Reader, head loop.Head) (loop.Event, []loop.Withheld, bool) {
	if _, erased := event.Message.(*commonv1.CopiesErased); erased {
		return event, nil, false
	}
	if loop.IsNotice(event.Message) {
		apart := head.Withdrawal.LeftApart
		if head.IsRevoked() {
			apart = head.Revocation.LeftApart
		}
		event, tell := loop.DiscloseNotice(view.Common(), event, reader, apart)
		return event, nil, tell
	}
	return r.Disclose(view, event, reader)
}

// ForClient is a subject as the person whom it concerns sees it.
func (r Rules[S]) ForClient(events []loop.Event) loop.View[S] {
	view, _ := r.DiscloseToClient(events)
	return view
}

// DiscloseToClient is that, and all that the person is told, in order.
func (r Rules[S]) DiscloseToClient(events []loop.Event) (loop.View[S], []Disclosed[S]) {
	view := loop.View[S]{Reader: loop.Reader{Role: loop.RoleClient}}
	var all []Disclosed[S]
	for _, event := range events {
		if disclosed, withheld, tell := r.DiscloseTo(view.State, event, view.Reader); tell {
			view.State = r.Evolve(view.State, disclosed)
			view.Version++
			all = append(all, Disclosed[S]{View: view, Event: disclosed, Withheld: withheld})
		}
	}
	return view, all
}

// Disclosed is what one reader is told of one event, and its view after it.
type Disclosed[S loop.State] struct {
	View     loop.View[S]
	Event    loop.Event
	Withheld []loop.Withheld
}
