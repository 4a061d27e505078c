package matters

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// A row says to the receiver that nobody has handled the matter, until somebody has, and never says so to the
// sender.
func TestTouchedIsTheReceivers(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	concerns, casework := concernv1.NewConcernServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn)
	kela, county := f.As("kela"), f.As("county")
	report := testkit.Submission()
	report.Basis, report.Urgency = testkit.Consented(), commonv1.Urgency_URGENCY_URGENT
	id := testkit.Insist(t, kela, concerns.SubmitConcern, report).GetConcern().GetConcernId()
	touched := func(ctx context.Context, sent bool) bool {
		t.Helper()
		list := &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY, Sent: sent}
		for _, item := range testkit.Insist(t, ctx, casework.ListWork, list).GetItems() {
			if item.GetSubject() == "concerns/"+id {
				return item.GetTouched()
			}
		}
		t.Fatalf("the list has no concern %s", id)
		return false
	}
	if touched(county, false) {
		t.Error("what nobody has handled is said to be touched")
	}
	testkit.Insist(t, county, concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
	if touched(county, false) {
		t.Error("what was only received is said to be touched")
	}
	testkit.Insist(t, county, concerns.RecordContactAttempt, &concernv1.RecordContactAttemptRequest{
		RequestId: uuid.NewString(), ConcernId: id, Result: concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED,
	})
	if !touched(county, false) {
		t.Error("what somebody has handled is said to be untouched")
	}
	if touched(kela, true) {
		t.Error("the sender is told that the receiver has handled it")
	}
}
