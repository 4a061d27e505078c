package decidetest

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/loop"
)

// puttingNothingOff are the events that no due time may be put off by: receipts, what the
// clock does, and steps by which nobody handles the matter.
var puttingNothingOff = []string{
	"ConcernReceived", "ConcernOverdue", "ConcernReassigned", "ConcernJoined", "ReferralReceived", "ReferralOverdue", "ReferralReassigned",
	"ConsultationOverdue", "ConsultationReassigned", "ContactPlanned", "WithdrawalAcknowledged", "WithdrawalOverdue",
}

// checkUrgent: nothing urgent is ever postponed. After whatever happened to what is urgent now,
// its receiver's due time is no later than it was, or than urgency allows from that moment; and
// after a receipt, or a step that is taken automatically, no later than it was.
func (w *Fixture[S, F]) checkUrgent(t *rapid.T, before, after loop.History[S]) {
	head := after.State.Common()
	if len(before.Events) == 0 || head.Ended() || !loop.IsUrgent(head.Clock.Urgency) {
		return
	}
	was, is := w.receiversDue(before), w.receiversDue(after)
	limit := was
	if happened := after.Events[len(before.Events):]; slices.ContainsFunc(happened, func(e loop.Event) bool {
		return !slices.Contains(puttingNothingOff, loop.NameOf(e.Message))
	}) {
		limit = loop.Later(limit, loop.UrgentBy(head.Clock.Urgency, after.LastAt()))
	}
	if is.IsZero() || is.After(limit) {
		t.Fatalf("%s, which is urgent, was due at %s, and at %s after %s", head.Subject, was, is, names(after.Events[len(before.Events):]))
	}
}

// receiversDue is until when a subject's receiver must act; zero for no time.
func (w *Fixture[S, F]) receiversDue(history loop.History[S]) time.Time {
	for _, view := range history.Views {
		if view.Reader.Role == loop.RoleReceiver {
			if due := w.Rules.Status(view.State, view.Reader).GetDueAt(); due != nil {
				return due.AsTime()
			}
		}
	}
	return time.Time{}
}
