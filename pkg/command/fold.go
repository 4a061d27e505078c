package command

import (
	"maps"
	"slices"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Fold computes a history from all events of a subject, oldest first. If withdrawn is set, the
// history is as if the consent on which the subject rests had never been given.
func (r Rules[S]) Fold(events []matter.Event, withdrawn bool) matter.History[S] {
	history := matter.History[S]{Withdrawn: withdrawn}
	for i, event := range events {
		history, _ = r.next(history, event, events[:i+1:i+1])
	}
	return history
}

// HistoryOf returns the history that all events of a subject make; the zero history if there are
// none.
func (r Rules[S]) HistoryOf(events []matter.Event) matter.History[S] {
	if len(events) == 0 {
		return matter.History[S]{}
	}
	return r.Fold(events, false)
}

// Next adds one event to a history and returns what is disclosed of it to each reader, in the order
// in which the readers receive it. It does not modify the given history.
func (r Rules[S]) Next(history matter.History[S], event matter.Event) (matter.History[S], []Disclosed[S]) {
	return r.next(history, event, append(slices.Clip(history.Events), event))
}

// next does the work of Next, given all events including the new one.
func (r Rules[S]) next(history matter.History[S], event matter.Event, all []matter.Event) (matter.History[S], []Disclosed[S]) {
	next := matter.History[S]{
		State: r.Evolve(history.State, event), Version: history.Version + 1,
		Views: maps.Clone(history.Views), Withdrawn: history.Withdrawn, Shared: history.Shared,
		Events: all,
	}
	_, withdrawn := event.Message.(*commonv1.ConsentWithdrawn)
	if next.Views == nil {
		next.Views = map[string]matter.View[S]{}
	}
	var told []Disclosed[S]
	var bare map[string]matter.View[S]
	live := 0
	head := next.State.Common()
	for _, reader := range r.readers(next) {
		view := next.Views[reader.Agency]
		// A reader that had left must still handle the revocation of a matter entered in error.
		reader.Left = reader.Gone || head.IsRevoked() && (view.Reader.Left || view.Reader.Gone)
		// The last message of a reader that leaves says that it has left. After that it gets only
		// notices that its copy must be destroyed.
		gone := view.Reader.Gone && reader.Gone && !matter.IsNotice(event.Message)
		view.Reader, view.Number = reader, head.Number
		if withdrawn && reader.IsSilenced() && !history.Withdrawn {
			// The view is now as if there had been no consent.
			if bare == nil {
				bare = r.Fold(history.Events, true).Views
			}
			view.State = bare[reader.Agency].State
		}
		disclosed, withheld, is := r.discloseTo(view.State, event, reader, head)
		if !gone && (is || !reader.Left) {
			live++
		}
		if is && !gone {
			view.Extent = view.Extent.Disclosed(event, disclosed, view.Version == 0)
			view = view.With(r.Evolve(view.State, disclosed), disclosed)
			told = append(told, Disclosed[S]{View: view, Event: disclosed, Withheld: withheld})
		}
		next.Views[reader.Agency] = view
	}
	// A due time is each reader's own: whether two readers have the same one may follow from a step
	// that one of them may not know of.
	if _, passed := event.Message.(matter.Passed); len(told) == live && !passed {
		next.Shared = event.ID
	}
	return next, told
}

// readers returns the readers of a history, given whether its consent is now withdrawn.
func (r Rules[S]) readers(history matter.History[S]) []matter.Reader {
	return r.Readers(history.State, history.Withdrawn || history.State.Common().IsWithdrawn())
}

// DiscloseTo returns what is disclosed of an event to a reader, given its view so far, by the present
// rules for readers that left; false if nothing is.
func (r Rules[S]) DiscloseTo(view S, event matter.Event, reader matter.Reader) (matter.Event, []matter.Withheld, bool) {
	return r.discloseTo(view, event, reader, matter.Head{Withdrawal: matter.Notice{LeftApart: true}})
}

// discloseTo does the work of DiscloseTo for every reader, given the subject's head after the
// event.
func (r Rules[S]) discloseTo(view S, event matter.Event, reader matter.Reader, head matter.Head) (matter.Event, []matter.Withheld, bool) {
	if _, erased := event.Message.(*commonv1.CopiesErased); erased {
		return event, nil, false
	}
	if matter.IsNotice(event.Message) {
		apart := head.Withdrawal.LeftApart || len(head.Departures) > 0
		if head.IsRevoked() {
			apart = head.Revocation.LeftApart
		}
		event, is := matter.DiscloseNotice(view.Common(), event, reader, apart)
		return event, nil, is
	}
	return r.Disclose(view, event, reader)
}

// ForClient returns a subject as the person whom it concerns sees it.
func (r Rules[S]) ForClient(events []matter.Event) matter.View[S] {
	view, _ := r.DiscloseToClient(events)
	return view
}

// DiscloseToClient returns the view of the person whom the subject concerns, and every event as it
// is disclosed to that person, in order.
func (r Rules[S]) DiscloseToClient(events []matter.Event) (matter.View[S], []Disclosed[S]) {
	view := matter.View[S]{Reader: matter.Reader{Role: matter.RoleClient}, Number: matter.NumberIn(events)}
	var all []Disclosed[S]
	for _, event := range events {
		if disclosed, withheld, is := r.DiscloseTo(view.State, event, view.Reader); is {
			view.State = r.Evolve(view.State, disclosed)
			view.Version++
			all = append(all, Disclosed[S]{View: view, Event: disclosed, Withheld: withheld})
		}
	}
	return view, all
}

// Disclosed is one event as it is disclosed to one reader, and the reader's view after it.
type Disclosed[S matter.State] struct {
	View     matter.View[S]
	Event    matter.Event
	Withheld []matter.Withheld
}
