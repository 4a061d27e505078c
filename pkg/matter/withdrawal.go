package matter

import (
	"time"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// RestsOnConsent reports whether the client's consent is the legal ground of a matter, even if it
// was withdrawn later.
func (h Head) RestsOnConsent() bool {
	return h.Basis.GetGround() == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT
}

// IsWithdrawn reports whether the consent on which the matter rests was withdrawn.
func (h Head) IsWithdrawn() bool { return !h.Withdrawal.At.IsZero() }

// Withdrawn folds the events of a withdrawn consent into the head; it returns false for all other
// events.
func (h Head) Withdrawn(e Event) (Head, bool) {
	switch m := e.Message.(type) {
	case *commonv1.ConsentWithdrawn:
		if !h.Exists() {
			// A reader that saw the matter on consent alone knows that it existed, and nothing
			// else.
			h = Begin(e, commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN)
			h.Client, h.Sender = "", nil
		}
		h.Withdrawal = noticeOf(e, m.GetHolders(), m.GetDueAt())
		h.Withdrawal.ByClient, h.Withdrawal.LeftApart = m.GetByClient(), m.GetLeftApart()
	case *commonv1.WithdrawalAcknowledged:
		h.Withdrawal.acknowledge(e)
	case *commonv1.WithdrawalOverdue:
		h.Withdrawal.Overdue = true
	case *commonv1.CopiesErased:
		h.Withdrawal.Erased = true
	default:
		return h, false
	}
	return h, true
}

// Ends reports whether the event withdraws the consent of a matter that has not yet ended. A matter
// that cannot go on without consent ends then.
func (h Head) Ends(e Event) bool {
	_, withdrawn := e.Message.(*commonv1.ConsentWithdrawn)
	return withdrawn && !h.Ended()
}

// WithdrawConsent returns the message that withdraws the consent on which a matter rests, by the
// client or by somebody in the client's name. Agency is the agency that withdrew it, if it is a
// party to the matter: it holds no copy that it must deal with. Agency is empty for the client, and
// for an agency that the parties may not know of. It refuses with fault.IllegalStep if the matter
// was entered in error, does not rest on consent, or the consent is already withdrawn.
func WithdrawConsent(h Head, readers []Reader, agency string, byClient bool, at time.Time) (*commonv1.ConsentWithdrawn, error) {
	switch {
	case h.IsRevoked():
		return nil, fault.New(fault.IllegalStep, "the matter was entered in error").With("allowed_steps", "")
	case !h.RestsOnConsent():
		return nil, fault.New(fault.IllegalStep, "the matter does not rest on the client's consent").With("allowed_steps", "")
	case h.IsWithdrawn():
		return nil, fault.New(fault.IllegalStep, "the consent was already withdrawn").With("allowed_steps", "")
	}
	withdrawn := &commonv1.ConsentWithdrawn{ByClient: byClient, LeftApart: true}
	withdrawn.Holders, withdrawn.DueAt = holdersOf(readers, at, agency)
	return withdrawn, nil
}

// AcknowledgeWithdrawal returns the message by which an agency says that it has dealt with its
// copy. It refuses with fault.IllegalStep if the agency has nothing to acknowledge.
func AcknowledgeWithdrawal(h Head, agency string) (*commonv1.WithdrawalAcknowledged, error) {
	if !h.Withdrawal.Awaits(agency) {
		return nil, fault.New(fault.IllegalStep, "your agency has nothing to acknowledge").With("allowed_steps", "")
	}
	return &commonv1.WithdrawalAcknowledged{}, nil
}

// OnGround sets, for readers that all act on the ground of the matter, whether they rest on consent
// and whether that consent still holds.
func (h Head) OnGround(readers []Reader, withdrawn bool) []Reader {
	for i := range readers {
		readers[i].OnConsent = h.RestsOnConsent()
		readers[i].Consent = !h.RestsOnConsent() || !withdrawn
	}
	return readers
}
