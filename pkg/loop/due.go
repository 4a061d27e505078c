package loop

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// StatusOf is a loop's status as a reader sees it.
type StatusOf[S State] func(view S, reader Reader) *commonv1.LoopStatus

// NewStatus is the status of a subject, with the turn and until when; both are left
// out once it has ended.
func NewStatus(h Head, responsible, waitingOn *commonv1.Party, due time.Time) *commonv1.LoopStatus {
	status := &commonv1.LoopStatus{Phase: h.Phase, Since: timestamppb.New(h.Since)}
	if h.Ended() {
		return status
	}
	status.Responsible, status.WaitingOn = responsible, waitingOn
	if !due.IsZero() {
		status.DueAt, status.Overdue = timestamppb.New(due), h.HasFired(due)
	}
	return status
}

// NextCheck is the earliest due time that some reader is shown and has not yet
// been told to have passed; zero when there is none. It goes by every reader's
// view: a step that one reader may not know must not silence its due time.
func NextCheck[S State](history History[S], status StatusOf[S]) time.Time {
	var next time.Time
	for _, due := range unfired(history, status) {
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	return next
}

// Overdue records the due times that have passed, once each, as the service's event.
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

// ByClock is an event that nobody's step makes.
func ByClock(h Head, at time.Time, message proto.Message) Event {
	return Event{Subject: h.Subject, Message: message, Basis: h.Basis, At: at, Client: h.Client, Case: h.Case}
}

// PassedFor tells whether a due time was one that a reader was shown, and passed for
// it for the first time.
func PassedFor[S State](view S, reader Reader, status StatusOf[S], passed *timestamppb.Timestamp) bool {
	due := status(view, reader).GetDueAt()
	return due != nil && due.AsTime().Equal(passed.AsTime()) && !view.Common().HasFired(due.AsTime())
}

func unfired[S State](history History[S], status StatusOf[S]) []time.Time {
	var due []time.Time
	for _, view := range history.Views {
		if status := status(view.State, view.Reader); status.GetDueAt() != nil && !status.GetOverdue() {
			due = append(due, status.GetDueAt().AsTime())
		}
	}
	return due
}
