package rulestest

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
)

// notPostponing are the events that must not postpone a due time: receipts, events of the
// clock, and steps in which nobody handles the matter.
var notPostponing = []string{
	"ConcernReceived", "ConcernOverdue", "ConcernReassigned", "ConcernJoined", "FeedbackConsentRecorded", "ReferralReceived", "ReferralOverdue", "ReferralReassigned",
	"ConsultationOverdue", "ConsultationReassigned", "ContactPlanned", "WithdrawalAcknowledged", "WithdrawalOverdue",
}

// checkUrgent checks that no urgent matter is postponed. After any event of an urgent matter, its
// receiver's due time is no later than before, or than urgency permits from that moment; after a
// receipt or an automatic step, it is no later than before.
func (w *Fixture[S, F]) checkUrgent(t *rapid.T, before, after matter.History[S]) {
	head := after.State.Common()
	if len(before.Events) == 0 || head.Ended() || !matter.IsUrgent(head.Clock.Urgency) {
		return
	}
	was, is := w.receiversDue(before), w.receiversDue(after)
	limit := was
	if happened := after.Events[len(before.Events):]; slices.ContainsFunc(happened, func(e matter.Event) bool {
		return !slices.Contains(notPostponing, matter.NameOf(e.Message))
	}) {
		limit = matter.Later(limit, matter.UrgentBy(head.Clock.Urgency, after.LastAt()))
	}
	if was := before.State.Common(); slices.ContainsFunc(was.Thread.Requests, matter.Request.IsOpen) {
		// The due time before may be that of a request. It moves nothing that the urgency sets.
		limit = matter.Later(limit, was.Clock.Bound)
	}
	if is.IsZero() || is.After(limit) {
		t.Fatalf("%s, which is urgent, was due at %s, and is due at %s after %s", head.Subject, was, is, names(after.Events[len(before.Events):]))
	}
}

// receiversDue returns until when a matter's receiver must act; zero if there is no such time.
func (w *Fixture[S, F]) receiversDue(history matter.History[S]) time.Time {
	for _, view := range history.Views {
		if view.Reader.Role == matter.RoleReceiver {
			if due := w.Rules.Status(view.State, view.Reader).GetDueAt(); due != nil {
				return due.AsTime()
			}
		}
	}
	return time.Time{}
}
