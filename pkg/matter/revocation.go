package matter

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

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
		h.Due, h.Thread = time.Time{}, Thread{}
		*r = Revocation{Notice: noticeOf(e, h.mustAcknowledge(e, m.GetHolders()), m.GetDueAt()), Reason: m.GetReason()}
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

// mustAcknowledge returns the holders of a matter that an event revokes. Earlier versions recorded a
// nameless agency as the only holder of a plan or consultation whose consent had been withdrawn; a
// reader that had left was shown no holder. The holders are then those of the withdrawal and the
// agency that gave it: nothing was disclosed to others afterwards.
func (h Head) mustAcknowledge(e Event, recorded []string) []string {
	switch {
	case slices.Contains(recorded, ""):
		recorded = append(slices.Clip(h.Withdrawal.Holders), h.Withdrawal.By.GetAgency())
	case len(recorded) == 0:
		recorded = slices.Clone(h.Withdrawal.Holders)
	default:
		return recorded
	}
	return slices.DeleteFunc(recorded, func(agency string) bool { return agency == "" || agency == e.By.GetAgency() })
}

// IsRevoked reports whether the matter was entered in error.
func (h Head) IsRevoked() bool { return !h.Revocation.At.IsZero() }

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

// RevokeStep returns the step by which the sender states that a matter was entered in error; it is
// the same in every service. Or lists who else may take it.
func RevokeStep[S State, F, D any, R interface {
	proto.Message
	GetReason() string
}](record func(D, Command[F], R), or ...Access[S],
) Step[S, F, D, R] {
	return Step[S, F, D, R]{
		By: []Role{RoleSender}, Automatic: true, WhenFull: Always, Or: or,
		When: func(view S, _ Actor) bool { return view.Common().Exists() && !view.Common().IsRevoked() },
		Check: func(_ World[S], _ Command[F], r R) error {
			return CheckExplained("revoking", "reason", r.GetReason())
		},
		Record: record,
	}
}

// AcknowledgeStep returns the step by which the holder of a copy acknowledges a revocation; it is
// the same in every service.
func AcknowledgeStep[S State, F, D any, R proto.Message](record func(D, Command[F], R)) Step[S, F, D, R] {
	return Step[S, F, D, R]{
		By: []Role{RoleSender, RoleReceiver, RoleParticipant}, Automatic: true, WhenFull: Always,
		When:   func(view S, actor Actor) bool { return view.Common().Revocation.Awaits(actor.Agency) },
		Record: record,
	}
}
