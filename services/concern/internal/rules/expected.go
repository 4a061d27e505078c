package rules

import (
	"slices"
	"time"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Expected returns what the client can expect next, given what the client is shown. A client who was
// reached is not told that somebody must make contact; the next step is then due by the same time.
func Expected(view Concern, now time.Time) matter.Expectation {
	due, reached, declinedHelp := own(view).At, view.reached(), view.declinedHelp()
	taking := slices.Contains(run(stateReceived, stateTaken), view.State)
	_, offered := view.pendingForward()
	agreed := matter.AppointmentsAhead(view.Appointments, now)
	if reached {
		agreed = append(agreed, view.NextAttempt)
	}
	return view.Expected(
		view.Appointment(now, agreed...),
		matter.Expect(view.holds() || offered, commonv1.ClientExpectation_CLIENT_EXPECTATION_OTHERS_ANSWER, next(view).At),
		matter.Expect(view.State == stateSubmitted, commonv1.ClientExpectation_CLIENT_EXPECTATION_OPENING, due),
		matter.Expect(taking && !reached, commonv1.ClientExpectation_CLIENT_EXPECTATION_CONTACT, due),
		matter.Expect(!taking && !reached && !view.NextAttempt.IsZero(), commonv1.ClientExpectation_CLIENT_EXPECTATION_CONTACT, view.NextAttempt),
		matter.Expect(taking && !declinedHelp || view.State == stateInAssessment, commonv1.ClientExpectation_CLIENT_EXPECTATION_ASSESSMENT, due),
		// Once the need is assessed, the law sets a day for the decision, if at all (§ 45.2).
		matter.Expect(view.State == stateDeclined || view.State == stateAssessed && view.provision() != "",
			commonv1.ClientExpectation_CLIENT_EXPECTATION_DECISION, due),
		matter.Expect(true, commonv1.ClientExpectation_CLIENT_EXPECTATION_WORD, due),
	)
}

// reached reports whether the last attempt reached the client.
func (c Concern) reached() bool {
	return c.lastResult() == concernv1.ContactResult_CONTACT_RESULT_REACHED || c.declinedHelp()
}

// declinedHelp reports whether the client was reached last and wanted no help.
func (c Concern) declinedHelp() bool {
	return c.lastResult() == concernv1.ContactResult_CONTACT_RESULT_DECLINED_HELP
}

func (c Concern) lastResult() concernv1.ContactResult {
	if len(c.Attempts) == 0 {
		return concernv1.ContactResult_CONTACT_RESULT_UNSPECIFIED
	}
	return c.Attempts[len(c.Attempts)-1].GetResult()
}
