package loop

import (
	"time"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// RestsOnConsent tells whether the client's consent is the ground of a subject, withdrawn
// since or not.
func (h Head) RestsOnConsent() bool {
	return h.Basis.GetGround() == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT
}

// IsWithdrawn tells whether the consent on which it rests was withdrawn.
func (h Head) IsWithdrawn() bool { return !h.Withdrawal.At.IsZero() }

// Withdrawn folds the events of a withdrawn consent into the head; false for all others.
func (h Head) Withdrawn(e Event) (Head, bool) {
	switch m := e.Message.(type) {
	case *commonv1.ConsentWithdrawn:
		if !h.Exists() {
			// Whoever was told on consent alone knows that it was, and nothing more.
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

// Ends tells whether such an event ends a loop that cannot go on without consent.
func (h Head) Ends(e Event) bool {
	_, withdrawn := e.Message.(*commonv1.ConsentWithdrawn)
	return withdrawn && !h.Ended()
}

// WithdrawConsent is the message that takes back the consent on which a subject rests, by
// the client or by somebody in the client's name. Agency is the one that did so, where it is
// a party to the subject: it holds no copy that it must see to. It is empty for the client,
// and for an agency of which the parties are not told.
func WithdrawConsent(h Head, readers []Reader, agency string, byClient bool, at time.Time) (*commonv1.ConsentWithdrawn, error) {
	switch {
	case h.IsRevoked():
		return nil, fault.New(fault.IllegalStep, "this was entered in error").With("allowed_steps", "")
	case !h.RestsOnConsent():
		return nil, fault.New(fault.IllegalStep, "this does not rest on the client's consent").With("allowed_steps", "")
	case h.IsWithdrawn():
		return nil, fault.New(fault.IllegalStep, "the consent is withdrawn already").With("allowed_steps", "")
	}
	withdrawn := &commonv1.ConsentWithdrawn{ByClient: byClient, LeftApart: true}
	withdrawn.Holders, withdrawn.DueAt = holdersOf(readers, at, agency)
	return withdrawn, nil
}

// AcknowledgeWithdrawal is the message by which an agency says that it has seen to its
// copy.
func AcknowledgeWithdrawal(h Head, agency string) (*commonv1.WithdrawalAcknowledged, error) {
	if !h.Withdrawal.Awaits(agency) {
		return nil, fault.New(fault.IllegalStep, "nothing is waiting for your agency's acknowledgement").With("allowed_steps", "")
	}
	return &commonv1.WithdrawalAcknowledged{}, nil
}

// OnGround says of readers who each act on the ground of the subject how far it carries:
// on consent, to its withdrawal.
func (h Head) OnGround(readers []Reader, withdrawn bool) []Reader {
	for i := range readers {
		readers[i].OnConsent = h.RestsOnConsent()
		readers[i].Consent = !h.RestsOnConsent() || !withdrawn
	}
	return readers
}

// IsSilenced tells whether a reader is told nothing more: the consent on which its right
// rests was withdrawn.
func (r Reader) IsSilenced() bool { return r.OnConsent && !r.Consent }
