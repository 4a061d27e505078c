package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/loop"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// NextCheck is the earliest due time that some reader is shown and has not yet
// been told to have passed; zero when there is none. It goes by every reader's
// view: a step that the reporter may not know must not silence its due time.
func NextCheck(history loop.History[Concern]) time.Time {
	var next time.Time
	for _, due := range unfired(history) {
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	return next
}

// Overdue records the due times that have passed, once each.
func Overdue(history loop.History[Concern], at time.Time) []loop.Event {
	due := unfired(history)
	slices.SortFunc(due, time.Time.Compare)
	due = slices.CompactFunc(due, time.Time.Equal)
	c := history.State
	var events []loop.Event
	for _, passed := range due {
		if passed.After(at) {
			break
		}
		events = append(events, loop.Event{
			Subject: c.Subject, Basis: c.Basis, At: at, Client: c.Client, Case: c.Case,
			Message: &concernv1.ConcernOverdue{State: c.Shown(), DueAt: timestamppb.New(passed)},
		})
	}
	return events
}

func unfired(history loop.History[Concern]) []time.Time {
	var due []time.Time
	for _, view := range history.Views {
		if status := Status(view.State, view.Reader); status.GetDueAt() != nil && !status.GetOverdue() {
			due = append(due, status.GetDueAt().AsTime())
		}
	}
	return due
}
