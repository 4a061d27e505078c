package rules

import (
	"time"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Expected returns what the client whom a consultation is about can expect next. The client has
// nothing to do in it: professionals ask and answer, and the asker says what it led to. While the
// asker is asked something they still answer each other, also after a first answer.
func Expected(view Consultation, _ time.Time) matter.Expectation {
	due := deadline(view).At
	return view.Expected(
		matter.Expect(view.State() == stateTaken || view.Asked(), commonv1.ClientExpectation_CLIENT_EXPECTATION_OTHERS_ANSWER, due),
		matter.Expect(view.State() == stateOpen, commonv1.ClientExpectation_CLIENT_EXPECTATION_OPENING, due),
		matter.Expect(view.State() == stateAnswered, commonv1.ClientExpectation_CLIENT_EXPECTATION_WORD, due),
	)
}
