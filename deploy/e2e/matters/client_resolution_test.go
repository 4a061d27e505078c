package matters

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// An agency begins a matter from another one, in another service, with its pseudonym for the client
// alone; this also works for a client who is known by name only. An agency without a matter of the
// client cannot begin one. The access is logged in the service that knew the client.
func TestOneClientInAllServices(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	concerns, referrals, plans := concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn), planv1.NewPlanServiceClient(conn)
	testkit.Insist(t, f.As("kela"), concerns.SubmitConcern, testkit.Submission())
	listed := testkit.Insist(t, f.As("county"), concerns.ListConcerns, &concernv1.ListConcernsRequest{}).GetConcerns()
	if len(listed) != 1 {
		t.Fatalf("%v", listed)
	}
	basis := &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 39", ConsentedAt: timestamppb.New(time.Now().Add(-time.Hour))}
	known := &commonv1.Client{Identity: &commonv1.Client_ClientId{ClientId: listed[0].GetClientId()}}
	send := &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: known, CaseId: listed[0].GetCaseId(), Receiver: &commonv1.Party{Agency: "terveys-pohjois-savo"}, Basis: basis,
		Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE, ServiceKey: "tyokyvyn-arvio", Reason: "Työkyvyn arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}
	referral := testkit.Insist(t, f.As("county"), referrals.SendReferral, send).GetReferral()
	if referral.GetClientId() != listed[0].GetClientId() || referral.GetCaseId() != listed[0].GetCaseId() {
		t.Errorf("%v is not of %v", referral, listed[0])
	}
	// What was begun is not begun again by a repetition.
	if again := testkit.Insist(t, f.As("county"), referrals.SendReferral, send).GetReferral(); again.GetReferralId() != referral.GetReferralId() {
		t.Errorf("%v", again)
	}
	client := testkit.Insist(t, f.As("nurse"), referrals.GetClient, &referralv1.GetClientRequest{ReferralId: referral.GetReferralId()})
	if client.GetDetails().GetFamilyName() != "Testinen" {
		t.Errorf("health care reads %v", client)
	}
	create := &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: known, CaseId: listed[0].GetCaseId(), Basis: basis}
	if plan := testkit.Insist(t, f.As("county"), plans.CreatePlan, create).GetPlan(); plan.GetClientId() != listed[0].GetClientId() {
		t.Errorf("%v", plan)
	}

	forged := metadata.AppendToOutgoingContext(f.As("nurse"), "koppi-introduction", "AAAA")
	for name, refused := range map[string]error{
		"another agency's name for the client": testkit.Refusal(plans.CreatePlan(f.As("kela"), &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: known, Basis: basis})),
		"an introduction of one's own":         testkit.Refusal(plans.CreatePlan(forged, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: known, Basis: basis})),
	} {
		if fault.ReasonOf(refused) != fault.UnknownClient {
			t.Errorf("%s: %v", name, refused)
		}
	}
	resolutions := 0
	for access, err := range f.Koppi.Store("concern").RawAccesses(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if access.Method == "koppi.casework.v1.MatterService/Introduce" && access.Client != "" && access.Subject != "" {
			resolutions++
		}
	}
	if resolutions == 0 {
		t.Error("nobody is said to have looked")
	}
}
