package matter

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// StatusOf computes the status of a matter as a reader sees it.
type StatusOf[S State] func(view S, reader Reader) *commonv1.LoopStatus

// NewStatus returns the status of a matter with the party that must act and the due time. An ended
// matter has neither.
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

// WithoutBasis clears the basis of the due time in a status for all readers but the receiver and
// the client, because the basis would tell them of the receiver's judgement.
func WithoutBasis(status *commonv1.LoopStatus, reader Reader) *commonv1.LoopStatus {
	if reader.Role != RoleReceiver && reader.Role != RoleClient {
		status.DueBasis, status.DueProvision = commonv1.DueBasis_DUE_BASIS_UNSPECIFIED, ""
	}
	return status
}

// NextCheck returns the earliest due time that a reader is shown and that has not yet been recorded
// as passed for that reader; zero if there is none. It uses the view of every reader: a step that
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

// ByClock returns an event that results from no party's step but from the passing of time.
func ByClock(h Head, at time.Time, message proto.Message) Event {
	return Event{Subject: h.Subject, Message: message, Basis: h.Basis, At: at, Client: h.Client, Case: h.Case}
}

// Passed is the interface of each service's event that a due time has passed.
type Passed interface {
	GetDueAt() *timestamppb.Timestamp
	// GetDueRules returns the number of the rules by which the time was due: see DueRules.
	GetDueRules() int32
}

// PassedFor reports whether the due time of an event was one that the reader was shown, and has now
// passed for the first time for that reader. Before computes the status by the rules before
// DueRules 1; it is used for events that were recorded under those rules.
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
