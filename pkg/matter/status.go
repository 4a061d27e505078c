package matter

import (
	"time"

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
// the client, because the basis would show them the receiver's judgement.
func WithoutBasis(status *commonv1.LoopStatus, reader Reader) *commonv1.LoopStatus {
	if reader.Role != RoleReceiver && reader.Role != RoleClient {
		status.DueBasis, status.DueProvision = commonv1.DueBasis_DUE_BASIS_UNSPECIFIED, ""
	}
	return status
}

// WorklistEntry is what a reader's worklist shows of a matter besides the status.
type WorklistEntry struct {
	// Unit and Worker are those of the reader's agency that have the matter.
	Unit, Worker string
	// State is the number of the state that the reader is shown.
	State   int32
	Urgency commonv1.Urgency
	Hidden  bool
	// Touched says that a person at the receiver has handled the matter since it was sent.
	Touched bool
	// Second is a worker who works on the matter beside Worker; empty if there is none.
	Second string
	// OnCall is a unit of the reader's agency that is on call for the matter beside Unit, since OnCallAt.
	OnCall   string
	OnCallAt time.Time
	// Marks are bits that the service's rules define, by which lists can be narrowed. They are stored.
	Marks int32
}
