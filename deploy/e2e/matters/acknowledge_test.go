package matters

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// What an agency must acknowledge stays in its worklist, with its due time, until the agency
// acknowledges it: that a report was entered in error (its worklist entry does not name the
// client), and that a consent was withdrawn.
func TestAcknowledgementsWaitInWorklists(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	concerns, casework, consents := concernv1.NewConcernServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn), consentv1.NewConsentServiceClient(conn)
	kela, county := f.As("kela"), f.As("county")
	submit := func() string {
		return testkit.Insist(t, kela, concerns.SubmitConcern, testkit.Submission()).GetConcern().GetConcernId()
	}
	waits := func(ctx context.Context, id string) *caseworkv1.WorkItem {
		t.Helper()
		items := testkit.Insist(t, ctx, casework.ListWork, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY}).GetItems()
		if i := slices.IndexFunc(items, func(item *caseworkv1.WorkItem) bool { return item.GetSubject() == "concerns/"+id }); i >= 0 {
			return items[i]
		}
		return nil
	}
	wrong, taken := submit(), submit()
	client := testkit.Insist(t, county, concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: wrong}).GetConcern().GetClientId()
	testkit.Insist(t, kela, concerns.RevokeConcern, &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: wrong, Reason: "Väärä henkilö."})
	testkit.Insist(t, kela, consents.WithdrawConsent, &consentv1.WithdrawConsentRequest{RequestId: uuid.NewString(), Subject: "concerns/" + taken})
	for _, id := range []string{wrong, taken} {
		item := waits(county, id)
		if item == nil || item.GetStatus().GetWaitingOn().GetAgency() != "hva-pohjois-savo" || item.GetStatus().GetDueAt() == nil || item.GetClientId() != "" && id == wrong {
			t.Errorf("%v", item)
		}
		if mine := waits(kela, id); mine != nil {
			t.Errorf("who said so is asked: %v", mine)
		}
	}
	listed := testkit.Insist(t, county, concerns.ListConcerns, &concernv1.ListConcernsRequest{ClientId: client, Purpose: "työ"}).GetConcerns()
	if slices.ContainsFunc(listed, func(one *concernv1.Concern) bool { return one.GetConcernId() == wrong }) {
		t.Errorf("a client is named of what was entered in error: %v", listed)
	}
	testkit.Insist(t, county, concerns.AcknowledgeRevocation, &concernv1.AcknowledgeRevocationRequest{RequestId: uuid.NewString(), ConcernId: wrong})
	testkit.Insist(t, county, consents.AcknowledgeWithdrawal, &consentv1.AcknowledgeWithdrawalRequest{RequestId: uuid.NewString(), Subject: "concerns/" + taken})
	for _, id := range []string{wrong, taken} {
		if item := waits(county, id); item != nil && item.GetStatus().GetDueAt() != nil && item.GetState() == "CONCERN_STATE_ENTERED_IN_ERROR" {
			t.Errorf("it still waits: %v", item)
		}
	}
}
