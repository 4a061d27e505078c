package matter

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// State is the interface of every service's state, which embeds Head.
type State interface{ Common() Head }

// Head is the part of a matter's state that all services have.
type Head struct {
	Subject string
	// Client and Case are internal ids. Client is empty if no person is identified.
	Client, Case string
	// Sender is the party that began the matter.
	Sender  *commonv1.Party
	Basis   *commonv1.LegalBasis
	Started time.Time
	// Phase is the phase of the matter, and Since the time at which it began.
	Phase commonv1.LoopPhase
	Since time.Time
	// Due is the due time of the state itself. A question or an offer may replace it while it is
	// open, and the clock of an urgent matter takes precedence over it.
	Due time.Time
	// Clock is the clock of an urgent matter.
	Clock Clock
	// Fired are the due times that were recorded as passed. An earlier one may apply again: a late
	// offer onward becomes the due time again once a question is answered.
	Fired []time.Time
	// Contacts are the planned contacts, at most one for each agency.
	Contacts []*commonv1.PlannedContact
	// Revocation is set once the matter was entered in error, Withdrawal once the consent on which
	// it rests was withdrawn.
	Revocation Revocation
	Withdrawal Notice
}

// Begin returns the head of a matter that an event begins.
func Begin(e Event, phase commonv1.LoopPhase) Head {
	return Head{
		Subject: e.Subject, Client: e.Client, Case: e.Case, Sender: e.By, Basis: e.Basis,
		Started: e.At, Phase: phase, Since: e.At,
	}
}

// Common returns the head itself, so that a state that embeds Head is a State.
func (h Head) Common() Head { return h }

// Enter moves to a phase. If the matter is already in it, Since stays as it is.
func (h *Head) Enter(phase commonv1.LoopPhase, at time.Time) {
	if h.Phase != phase {
		h.Phase, h.Since = phase, at
	}
}

// Fire notes that a due time was recorded as passed.
func (h *Head) Fire(due time.Time) { h.Fired = append(slices.Clip(h.Fired), due) }

// HasFired reports whether a due time was recorded as passed.
func (h Head) HasFired(due time.Time) bool { return slices.ContainsFunc(h.Fired, due.Equal) }

// Ended reports whether the matter has ended. An ended matter is never reopened.
func (h Head) Ended() bool {
	return h.Phase == commonv1.LoopPhase_LOOP_PHASE_CLOSED || h.Phase == commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN
}

// Exists reports whether the matter exists; false for the zero state.
func (h Head) Exists() bool { return h.Subject != "" }

// IsRevoked reports whether the matter was entered in error.
func (h Head) IsRevoked() bool { return !h.Revocation.At.IsZero() }

// Revocation describes how far the removal of a matter that was entered in error has come.
type Revocation struct {
	Notice
	Reason string
}

// Revoked folds the events of a revocation into the head; it returns false for all other events. Of
// a matter that was entered in error only the head remains, as a tombstone.
func (h Head) Revoked(e Event) (Head, bool) {
	r := &h.Revocation
	switch m := e.Message.(type) {
	case *commonv1.EnteredInError:
		h.Enter(commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN, e.At)
		h.Due = time.Time{}
		*r = Revocation{Notice: noticeOf(e, m.GetHolders(), m.GetDueAt()), Reason: m.GetReason()}
		r.LeftApart = m.GetLeftApart()
	case *commonv1.RevocationAcknowledged:
		r.acknowledge(e)
	case *commonv1.RevocationOverdue:
		r.Overdue = true
	case *commonv1.CopiesErased:
		if !h.IsRevoked() {
			return h, false
		}
		r.Erased = true
	default:
		return h, false
	}
	return h, true
}

// IsNotice reports whether a message remains after the content of its matter is erased: messages
// about a revocation or a withdrawn consent do.
func IsNotice(message proto.Message) bool {
	switch message.(type) {
	case *commonv1.EnteredInError, *commonv1.RevocationAcknowledged, *commonv1.RevocationOverdue,
		*commonv1.ConsentWithdrawn, *commonv1.WithdrawalAcknowledged, *commonv1.WithdrawalOverdue:
		return true
	default:
		return false
	}
}

// Message returns the revocation as a party sees it; nil if there is none.
func (r Revocation) Message() *commonv1.Revocation {
	if r.At.IsZero() {
		return nil
	}
	out := &commonv1.Revocation{
		Reason: r.Reason, At: timestamppb.New(r.At), By: r.By, DueAt: timestamppb.New(r.Due), Overdue: r.Overdue && len(r.Pending()) > 0,
	}
	for _, agency := range r.Holders {
		holder := &commonv1.Revocation_Holder{Agency: agency}
		if at, done := r.Acknowledged[agency]; done {
			holder.AcknowledgedAt = timestamppb.New(at)
		}
		out.Holders = append(out.Holders, holder)
	}
	return out
}
