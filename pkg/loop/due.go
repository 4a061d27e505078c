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
func NewStatus(h Head, responsible, waitingOn *commonv1.Party, due Deadline) *commonv1.LoopStatus {
	status := &commonv1.LoopStatus{Phase: h.Phase, Since: timestamppb.New(h.Since)}
	if h.Ended() {
		return status
	}
	status.Responsible, status.WaitingOn = responsible, waitingOn
	if !due.At.IsZero() {
		status.DueAt, status.Overdue = timestamppb.New(due.At), h.HasFired(due.At)
		status.DueBasis, status.DueProvision = due.Basis, due.Provision
	}
	return status
}

// WithoutBasis leaves out of a status what its due time rests on, for all readers but the
// receiver and the client: it would tell them of the receiver's judgement.
func WithoutBasis(status *commonv1.LoopStatus, reader Reader) *commonv1.LoopStatus {
	if reader.Role != RoleReceiver && reader.Role != RoleClient {
		status.DueBasis, status.DueProvision = commonv1.DueBasis_DUE_BASIS_UNSPECIFIED, ""
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

// Passed is the event that a due time passed, of any service.
type Passed interface {
	GetDueAt() *timestamppb.Timestamp
	// GetDueRules is by which rules it was due: see DueRules.
	GetDueRules() int32
}

// PassedFor tells whether a due time was one that a reader was shown, and passed for
// it for the first time. Before is the status by the rules of before, by which what was
// recorded then was due.
func PassedFor[S State](view S, reader Reader, status, before StatusOf[S], passed Passed) bool {
	if passed.GetDueRules() < DueRules {
		status = before
	}
	due := status(view, reader).GetDueAt()
	return due != nil && due.AsTime().Equal(passed.GetDueAt().AsTime()) && !view.Common().HasFired(due.AsTime())
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
