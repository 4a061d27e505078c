package rules

import (
	"time"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Expected returns what the client can expect next, given what the client is shown. Moving an
// application is no decision on it, so that the client of a moved one awaits the decision, by the
// day that the law sets. A client who is asked for something is never late, and gets no time.
func Expected(view Referral, now time.Time) matter.Expectation {
	due := own(view).At
	undecided := view.State == stateReceived && !view.isNotice() || view.State == stateDeclined || !view.CancelBy.IsZero()
	return view.Expected(
		matter.Expect(view.State == stateOnHold && view.CancelBy.IsZero() && !view.holds(), commonv1.ClientExpectation_CLIENT_EXPECTATION_YOUR_ANSWER, time.Time{}),
		view.Appointment(now, matter.AppointmentsAhead(view.Appointments, now)...),
		matter.Expect(view.Onward.Pending || view.holds(), commonv1.ClientExpectation_CLIENT_EXPECTATION_OTHERS_ANSWER, next(view).At),
		matter.Expect(view.State == stateSent, commonv1.ClientExpectation_CLIENT_EXPECTATION_OPENING, due),
		matter.Expect(view.awaitsDecision(), commonv1.ClientExpectation_CLIENT_EXPECTATION_DECISION, view.Statutory),
		matter.Expect(undecided, commonv1.ClientExpectation_CLIENT_EXPECTATION_DECISION, due),
		matter.Expect(true, commonv1.ClientExpectation_CLIENT_EXPECTATION_WORD, due),
	)
}

// awaitsDecision reports whether the receiver must decide a moved application by a day that the law sets.
func (r Referral) awaitsDecision() bool {
	return !r.Statutory.IsZero() && r.CancelBy.IsZero() && r.State != stateDeclined
}
