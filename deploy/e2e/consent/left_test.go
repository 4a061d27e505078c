package consent

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// An agency that has left a plan can read which agencies had been told on the client's consent
// until then. It cannot read which agencies were invited later nor, after a withdrawal, which
// others must acknowledge it and which have.
func TestWhoLeftReadsOfItsOwnConsent(t *testing.T) {
	t.Parallel()
	f := testkit.NewFixture(t)
	conn := f.Conn()
	plans, consents := planv1.NewPlanServiceClient(conn), consentv1.NewConsentServiceClient(conn)
	kela, county, nurse := f.As("kela"), f.As("county"), f.As("nurse")
	// Of another creator than social services, so that it ends.
	plan := testkit.Insist(t, nurse, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: testkit.Anna(), Basis: testkit.Consented()}).GetPlan().GetPlanId()
	testkit.Insist(t, nurse, plans.InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: plan, Party: testkit.Kela, Basis: testkit.Consented()})
	named := testkit.Insist(t, kela, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: plan}).GetPlan().GetClientId()
	testkit.Insist(t, kela, plans.LeavePlan, &planv1.LeavePlanRequest{RequestId: uuid.NewString(), PlanId: plan, Reason: "Valmis."})
	own := func() *consentv1.Consent {
		t.Helper()
		all := testkit.Must(consents.ListConsents(kela, &consentv1.ListConsentsRequest{ClientId: named, Purpose: "Tarkistus."})).GetConsents()
		if len(all) != 1 || all[0].GetClientId() != named {
			t.Fatalf("who left reads %v", all)
		}
		return all[0]
	}
	testkit.Insist(t, nurse, plans.InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: plan, Party: testkit.County, Basis: testkit.Consented()})
	testkit.Insist(t, county, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: plan})
	if read := own(); !slices.Equal(read.GetRecipients(), []string{"kela", "terveys-pohjois-savo"}) || read.GetWithdrawal() != nil {
		t.Errorf("who left reads %v", read)
	}
	subject := "plans/" + plan
	testkit.Insist(t, county, consents.WithdrawConsent, withdrawal(subject))
	testkit.Insist(t, nurse, consents.AcknowledgeWithdrawal, &consentv1.AcknowledgeWithdrawalRequest{RequestId: uuid.NewString(), Subject: subject})
	acknowledged := testkit.Insist(t, kela, consents.AcknowledgeWithdrawal, &consentv1.AcknowledgeWithdrawalRequest{RequestId: uuid.NewString(), Subject: subject}).GetConsent()
	for _, read := range []*consentv1.Consent{acknowledged, own()} {
		holders := read.GetWithdrawal().GetHolders()
		if !slices.Equal(read.GetRecipients(), []string{"kela"}) || len(holders) != 1 || holders[0].GetAgency() != "kela" || holders[0].GetAcknowledgedAt() == nil ||
			read.GetWithdrawal().GetBy() != nil || read.GetWithdrawal().GetByClient() {
			t.Errorf("after the withdrawal who left reads %v", read)
		}
	}
	for _, message := range testkit.Mailbox(t, f.As("system"), conn) {
		if agency := message.GetFrom().GetAgency(); agency != "" && agency != "kela" && agency != "terveys-pohjois-savo" {
			t.Errorf("who left is told of a deed of %s: %s", agency, message.GetEvent().MessageName())
		}
	}
	// The client reads all of it.
	whole := testkit.Must(consents.ListConsents(f.As("client"), &consentv1.ListConsentsRequest{})).GetConsents()
	if len(whole) != 1 || !slices.Equal(whole[0].GetRecipients(), []string{"hva-pohjois-savo", "kela", "terveys-pohjois-savo"}) || len(whole[0].GetWithdrawal().GetHolders()) != 2 {
		t.Errorf("the client reads %v", whole)
	}
}
