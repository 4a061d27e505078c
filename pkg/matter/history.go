package matter

import (
	"slices"
	"time"
)

// View is a matter as one reader has been shown it: the fold of the events that were disclosed to
// that reader, and of nothing else. What a reader gets cannot depend on what it may not know,
// because it is computed from what the reader knows.
type View[S any] struct {
	Reader Reader
	State  S
	// Version is the number of messages about the matter in the reader's mailbox.
	Version uint64
	// Extent is how much those messages disclosed to the reader.
	Extent Extent
	// Number is the matter's, as its first event recorded it. Like the matter's name it is equal for
	// all readers, also for one to which that event was not disclosed.
	Number Number
	// Units are the units of the reader's agency that what was disclosed to it names.
	Units []string
}

// History is the true state of a matter, and its view for each reader.
type History[S any] struct {
	State   S
	Version uint64
	Views   map[string]View[S]
	// Events are all events of the matter, oldest first.
	Events []Event
	// Shared is the id of the last event that was disclosed to every reader and is no due time.
	Shared string
	// Withdrawn treats every consent to the matter as withdrawn from the beginning. It is used to
	// compute what may be disclosed again now.
	Withdrawn bool
}

// LastAt returns when the last event was recorded; zero if there is none.
func (h History[S]) LastAt() time.Time {
	if len(h.Events) == 0 {
		return time.Time{}
	}
	return h.Events[len(h.Events)-1].At
}

// Related reports whether an agency now has a relation to a matter.
func (h History[S]) Related(agency string) bool {
	view, known := h.Views[agency]
	return known && !view.Reader.Gone
}

// World is what a decision sees: the commanded matter, the matters related to it, and the holder of
// each unique key that was looked up. A matter that does not exist is not in it.
type World[S any] struct {
	Subjects map[string]History[S]
	// UniqueKeys maps each key that was looked up to the matter that holds it.
	UniqueKeys map[string]string
	// Loaded are the names of matters that were looked up, whether or not a matter has that name.
	Loaded []string
}

// HasLoaded tells whether all of these names were looked up.
func (w World[S]) HasLoaded(subjects ...string) bool {
	return !slices.ContainsFunc(subjects, func(subject string) bool { return !slices.Contains(w.Loaded, subject) })
}

// State returns the true state of a matter; the zero state if there is none.
func (w World[S]) State(subject string) S { return w.Subjects[subject].State }

// View returns a matter as an agency was shown it; the zero view if nothing was.
func (w World[S]) View(subject, agency string) View[S] { return w.Subjects[subject].Views[agency] }
