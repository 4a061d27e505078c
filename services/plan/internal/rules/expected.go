package rules

import (
	"time"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Expected returns what the client can expect next: a contact that a member has planned, else the
// review. Invitations and offers of responsibility do not stop a plan, so that the client does not
// wait for their answers; an action's due time binds its owner.
func Expected(view Plan, now time.Time) matter.Expectation {
	return view.Expected(
		view.Appointment(now),
		matter.Expect(true, commonv1.ClientExpectation_CLIENT_EXPECTATION_REVIEW, view.Plan.GetNextReviewAt().AsTime()),
	)
}
