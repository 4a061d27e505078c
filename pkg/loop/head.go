package loop

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// State is what a service's state has in common with all others': it embeds Head.
type State interface{ Common() Head }

// Head is the part of a subject's state that every service has.
type Head struct {
	Subject string
	// Client and Case are inner ids. Client is empty where no person is identified.
	Client, Case string
	// Sender is who began it.
	Sender  *commonv1.Party
	Basis   *commonv1.LegalBasis
	Started time.Time
	// Phase it is in, Since when.
	Phase commonv1.LoopPhase
	Since time.Time
	// Due is the state's own due time; what is asked or offered may lie over it, and the
	// clock of what is urgent goes before it.
	Due time.Time
	// Clock of what is urgent.
	Clock Clock
	// Fired are the due times that were told to have passed. An earlier one may come
	// back: an offer that is late lies over the state again once a question is answered.
	Fired []time.Time
	// Contacts are those planned, the last of each agency.
	Contacts []*commonv1.PlannedContact
	// Revocation is set once the subject was entered in error, Withdrawal once the consent
	// on which it rests was withdrawn.
	Revocation Revocation
	Withdrawal Notice
}

// Begin is the head of a subject that an event starts.
func Begin(e Event, phase commonv1.LoopPhase) Head {
	return Head{
		Subject: e.Subject, Client: e.Client, Case: e.Case, Sender: e.By, Basis: e.Basis,
		Started: e.At, Phase: phase, Since: e.At,
	}
}

// Common is the head itself: a state that embeds it is a State.
func (h Head) Common() Head { return h }

// Enter moves to a phase; one that it is in already goes on since when it did.
func (h *Head) Enter(phase commonv1.LoopPhase, at time.Time) {
	if h.Phase != phase {
		h.Phase, h.Since = phase, at
	}
}

// Fire notes that a due time was told to have passed.
func (h *Head) Fire(due time.Time) { h.Fired = append(slices.Clip(h.Fired), due) }

// HasFired tells whether a due time was told to have passed.
func (h Head) HasFired(due time.Time) bool { return slices.ContainsFunc(h.Fired, due.Equal) }

// Ended tells whether the loop has ended. An ended loop never reopens.
func (h Head) Ended() bool {
	return h.Phase == commonv1.LoopPhase_LOOP_PHASE_CLOSED || h.Phase == commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN
}

// Exists tells a subject from the zero state.
func (h Head) Exists() bool { return h.Subject != "" }

// IsRevoked tells whether it was entered in error.
func (h Head) IsRevoked() bool { return !h.Revocation.At.IsZero() }

// Revocation is how far the removal of what was entered in error has come.
type Revocation struct {
	Notice
	Reason string
}

// Revoked folds the events of a revocation into the head; false for all others.
// What remains of a subject entered in error is its head: a tombstone.
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

// IsNotice tells the messages that outlive the erasure of what they are about.
func IsNotice(message proto.Message) bool {
	switch message.(type) {
	case *commonv1.EnteredInError, *commonv1.RevocationAcknowledged, *commonv1.RevocationOverdue,
		*commonv1.ConsentWithdrawn, *commonv1.WithdrawalAcknowledged, *commonv1.WithdrawalOverdue:
		return true
	default:
		return false
	}
}

// Message is the revocation as a party sees it; nil where there is none.
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
