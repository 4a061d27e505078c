package matter

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// DueRules is the number of the current rules for due times: 0 until urgency was made part of every
// due time, 1 since. It is recorded with each due time that passes, so that events disclosed under
// the older rules fold as they did.
const DueRules = 1

// NextCheck returns the earliest due time that a reader is shown, of the matter or of a request for
// information in it, and that has not yet been recorded as passed for that reader; zero if there is none. It uses the view of every reader: a step that
// one reader may not know of must not suppress that reader's due time.
func NextCheck[S State](history History[S], status StatusOf[S]) time.Time {
	var next time.Time
	for _, due := range unfired(history, status) {
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	return next
}

// Overdue returns the service's event for each due time that has passed and was not yet recorded.
func Overdue[S State](history History[S], at time.Time, status StatusOf[S], event func(S, *timestamppb.Timestamp) proto.Message) []Event {
	due := unfired(history, status)
	slices.SortFunc(due, time.Time.Compare)
	due = slices.CompactFunc(due, time.Time.Equal)
	var events []Event
	for _, passed := range due {
		if passed.After(at) {
			break
		}
		events = append(events, ByClock(history.State.Common(), at, event(history.State, timestamppb.New(passed))))
	}
	return events
}

// Passed is the interface of each service's event that a due time has passed.
type Passed interface {
	GetDueAt() *timestamppb.Timestamp
	// GetDueRules returns the number of the rules by which the time was due: see DueRules.
	GetDueRules() int32
}

// PassedFor reports whether the due time of an event was one that the reader was shown, of the matter or
// of a request for information in it, and has now passed for the first time for that reader. Before computes the status by the rules before
// DueRules 1; it is used for events that were recorded under those rules.
func PassedFor[S State](view S, reader Reader, status, before StatusOf[S], passed Passed) bool {
	if passed.GetDueRules() < DueRules {
		status = before
	}
	at, head := passed.GetDueAt().AsTime(), view.Common()
	if passed.GetDueRules() >= DueRules && slices.ContainsFunc(head.lapsing(), at.Equal) {
		return true
	}
	due := status(view, reader).GetDueAt()
	return due != nil && due.AsTime().Equal(at) && !head.HasFired(at)
}

func unfired[S State](history History[S], status StatusOf[S]) []time.Time {
	var due []time.Time
	for _, view := range history.Views {
		if status := status(view.State, view.Reader); status.GetDueAt() != nil && !status.GetOverdue() {
			due = append(due, status.GetDueAt().AsTime())
		}
		due = append(due, view.State.Common().lapsing()...)
	}
	return due
}
