package e2e

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// An agency that has left a plan can read which agencies had been told on the client's consent
// until then. It cannot read which agencies were invited later nor, after a withdrawal, which
// others must acknowledge it and which have.
func TestWhoLeftReadsOfItsOwnConsent(t *testing.T) {
	t.Parallel()
	b := newBenchOf(t, allinone.Config{})
	conn := b.grpc()
	plans, consents := planv1.NewPlanServiceClient(conn), consentv1.NewConsentServiceClient(conn)
	kela, county, nurse := b.asWorker("kela"), b.asWorker("county"), b.asWorker("nurse")
	plan := insist(t, county, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: annaClient, Basis: consented()}).GetPlan().GetPlanId()
	insist(t, county, plans.InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: plan, Party: kelaParty, Basis: consented()})
	named := insist(t, kela, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: plan}).GetPlan().GetClientId()
	insist(t, kela, plans.LeavePlan, &planv1.LeavePlanRequest{RequestId: uuid.NewString(), PlanId: plan, Reason: "Valmis."})
	own := func() *consentv1.Consent {
		t.Helper()
		all := must(consents.ListConsents(kela, &consentv1.ListConsentsRequest{ClientId: named, Purpose: "Tarkistus."})).GetConsents()
		if len(all) != 1 || all[0].GetClientId() != named {
			t.Fatalf("who left reads %v", all)
		}
		return all[0]
	}
	insist(t, county, plans.InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: plan, Party: healthParty, Basis: consented()})
	insist(t, nurse, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: plan})
	if read := own(); !slices.Equal(read.GetRecipients(), []string{"hva-pohjois-savo", "kela"}) || read.GetWithdrawal() != nil {
		t.Errorf("who left reads %v", read)
	}
	subject := "plans/" + plan
	insist(t, nurse, consents.WithdrawConsent, withdrawal(subject))
	insist(t, county, consents.AcknowledgeWithdrawal, &consentv1.AcknowledgeWithdrawalRequest{RequestId: uuid.NewString(), Subject: subject})
	acknowledged := insist(t, kela, consents.AcknowledgeWithdrawal, &consentv1.AcknowledgeWithdrawalRequest{RequestId: uuid.NewString(), Subject: subject}).GetConsent()
	for _, read := range []*consentv1.Consent{acknowledged, own()} {
		holders := read.GetWithdrawal().GetHolders()
		if !slices.Equal(read.GetRecipients(), []string{"kela"}) || len(holders) != 1 || holders[0].GetAgency() != "kela" || holders[0].GetAcknowledgedAt() == nil ||
			read.GetWithdrawal().GetBy() != nil || read.GetWithdrawal().GetByClient() {
			t.Errorf("after the withdrawal who left reads %v", read)
		}
	}
	for _, message := range mailboxOf(t, b.asWorker("system"), conn) {
		if agency := message.GetFrom().GetAgency(); agency != "" && agency != "kela" && agency != "hva-pohjois-savo" {
			t.Errorf("who left is told of a deed of %s: %s", agency, message.GetEvent().MessageName())
		}
	}
	// The client reads all of it.
	whole := must(consents.ListConsents(b.asWorker("client"), &consentv1.ListConsentsRequest{})).GetConsents()
	if len(whole) != 1 || !slices.Equal(whole[0].GetRecipients(), []string{"hva-pohjois-savo", "kela", "terveys-pohjois-savo"}) || len(whole[0].GetWithdrawal().GetHolders()) != 2 {
		t.Errorf("the client reads %v", whole)
	}
}
