package consent

import (
	"context"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// One of the services is down when a client records a prohibition. The answer says that it is
// incomplete; the other services already stop sendings and do not need the one that is down; and
// reading the prohibition shows that it is not yet everywhere, until the same request completes it.
// The result is the same if the service is killed at any moment in between.
func TestLongAServiceDiesInAProhibition(t *testing.T) {
	t.Parallel()
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 1, nil)
	conn := testkit.Dial(t, c.Gateways[0].Address)
	consents, referrals, plans := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn), planv1.NewPlanServiceClient(conn)
	county := testkit.As(t, conn, testkit.County, "ps-21", "social_worker")
	issued := testkit.IssueToken(t, conn, &devv1.IssueTokenRequest{Role: "client", PersonalIdentityCode: testkit.AnnaCode})
	client := testkit.WithToken(t, issued)
	plan := testkit.Insist(t, county, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: testkit.Anna(), Basis: byLaw()}).GetPlan()
	invite := func() error {
		return testkit.Refusal(plans.InviteMember(county, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: plan.GetPlanId(), Party: testkit.Health, Basis: byLaw()}))
	}
	died := c.Services["plan"][0]
	died.End(syscall.SIGKILL)
	prohibit := prohibition(nil, healthCare)
	soon, cancel := context.WithTimeout(client, 2*time.Second)
	defer cancel()
	if answered, err := consents.ProhibitTransfer(soon, prohibit); err == nil {
		t.Fatalf("it is answered as if it stood: %v", answered)
	}
	if _, err := referrals.SendReferral(county, referred(byLaw(), testkit.Health)); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Errorf("a service that has it does not stop: %v", err)
	}
	testkit.Insist(t, county, referrals.SendReferral, referred(byLaw(), testkit.Kela))
	died.Start()
	if listed := readDirectives(t, client, conn, "").GetProhibitions(); len(listed) != 1 || listed[0].GetEverywhere() {
		t.Errorf("it looks as if it were everywhere: %v", listed)
	}
	prohibited := testkit.Insist(t, client, consents.ProhibitTransfer, prohibit).GetProhibition()
	if listed := readDirectives(t, client, conn, "").GetProhibitions(); len(listed) != 1 || !listed[0].GetEverywhere() || !prohibited.GetEverywhere() {
		t.Errorf("%v", listed)
	}
	if err := invite(); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Errorf("a service that has it now does not stop: %v", err)
	}
	testkit.Insist(t, client, consents.LiftProhibition, &consentv1.LiftProhibitionRequest{RequestId: uuid.NewString(), ProhibitionId: prohibited.GetProhibitionId()})

	for round := range 3 {
		again := prohibition(nil, healthCare)
		answered := make(chan error, 1)
		go func() {
			soon, cancel := context.WithTimeout(client, 10*time.Second)
			defer cancel()
			answered <- testkit.Refusal(consents.ProhibitTransfer(soon, again))
		}()
		<-time.After(time.Duration(rand.IntN(20)) * time.Millisecond)
		died.End(syscall.SIGKILL)
		died.Start()
		err := <-answered
		if reason := fault.ReasonOf(err); reason != "" && reason != fault.Unavailable {
			t.Fatal(err)
		}
		if err == nil && fault.ReasonOf(invite()) != fault.TransferProhibited {
			t.Fatal("it was answered and does not stand")
		}
		prohibited := testkit.Insist(t, client, consents.ProhibitTransfer, again).GetProhibition()
		listed := readDirectives(t, client, conn, "").GetProhibitions()
		if len(listed) != round+2 || listed[0].GetProhibitionId() != prohibited.GetProhibitionId() || !listed[0].GetEverywhere() {
			t.Fatalf("round %d: %v", round, listed)
		}
		lift := &consentv1.LiftProhibitionRequest{RequestId: uuid.NewString(), ProhibitionId: prohibited.GetProhibitionId()}
		testkit.Insist(t, client, consents.LiftProhibition, lift)
	}
	if err := invite(); err != nil {
		t.Errorf("all are lifted: %v", err)
	}
	if shown := testkit.Insist(t, county, plans.GetPlan, &planv1.GetPlanRequest{PlanId: plan.GetPlanId()}).GetPlan(); shown.GetBasis().GetGround() != commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS {
		t.Errorf("%v", shown)
	}

	// A live matter in one process lets the agency speak in all, and only once it is shared.
	give := func() error {
		return testkit.Refusal(consents.GiveConsent(county, consentFor(testkit.Anna(), healthCare, "referral")))
	}
	if err := give(); fault.ReasonOf(err) != fault.NoLiveMatter {
		t.Errorf("by a plan of its own alone: %v", err)
	}
	testkit.Insist(t, testkit.As(t, conn, testkit.Health, "tk-02", "health_professional"), plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: plan.GetPlanId()})
	if err := give(); err != nil {
		t.Errorf("by a plan that another has joined: %v", err)
	}
	c.Fsck()
}
