package matters

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// numbered are the readers of matters, each of which reads a matter's number by its subject.
type numbered struct {
	f             *testkit.Fixture
	referrals     referralv1.ReferralServiceClient
	consultations consultationv1.ConsultationServiceClient
	plans         planv1.PlanServiceClient
}

func (n numbered) number(who, subject string) string {
	n.f.T.Helper()
	collection, id, _ := strings.Cut(subject, "/")
	t, ctx := n.f.T, n.f.As(who)
	switch collection {
	case "referrals":
		return testkit.Insist(t, ctx, n.referrals.GetReferral, &referralv1.GetReferralRequest{ReferralId: id}).GetReferral().GetMatterNumber()
	case "consultations":
		return testkit.Insist(t, ctx, n.consultations.GetConsultation, &consultationv1.GetConsultationRequest{ConsultationId: id}).GetConsultation().GetMatterNumber()
	default:
		return testkit.Insist(t, ctx, n.plans.GetPlan, &planv1.GetPlanRequest{PlanId: id}).GetPlan().GetMatterNumber()
	}
}

// A matter's number is equal for its parties, for those that were invited later, for the client, and
// for a party that still knows the matter after the consent was withdrawn. What was redirected has another one. The worklist over
// all services and the lists of each find a matter by it.
func TestMatterNumbers(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	n := numbered{f, referralv1.NewReferralServiceClient(conn), consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn)}
	casework, county, nurse := caseworkv1.NewCaseworkServiceClient(conn), f.As("county"), f.As("nurse")
	referral := testkit.Insist(t, county, n.referrals.SendReferral, &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: testkit.Anna(), Receiver: testkit.Health, Basis: testkit.Consented(),
		Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE, Reason: "Arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}).GetReferral()
	redirected := testkit.Insist(t, nurse, n.referrals.RedirectReferral, &referralv1.RedirectReferralRequest{
		RequestId: uuid.NewString(), ReferralId: referral.GetReferralId(), Receiver: testkit.Kela, Explanation: "Heille.", Basis: testkit.Consented(),
	}).GetReferral().GetRedirectedToReferralId()
	asked := testkit.Question()
	asked.Client, asked.Basis = testkit.Anna(), testkit.Consented()
	consultation := testkit.Insist(t, county, n.consultations.OpenConsultation, asked).GetConsultation()
	testkit.Insist(t, county, n.consultations.InviteParticipant, &consultationv1.InviteParticipantRequest{
		RequestId: uuid.NewString(), ConsultationId: consultation.GetConsultationId(), Participant: testkit.Kela, Basis: testkit.Consented(),
	})
	plan := testkit.Insist(t, county, n.plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: testkit.Anna(), Basis: testkit.Consented()}).GetPlan()
	testkit.Insist(t, county, n.plans.InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: plan.GetPlanId(), Party: testkit.Kela, Basis: testkit.Consented()})

	matters := []struct {
		subject, number string
		readers         []string
	}{
		{"referrals/" + referral.GetReferralId(), referral.GetMatterNumber(), []string{"county", "nurse", "client"}},
		{"referrals/" + redirected, n.number("kela", "referrals/"+redirected), []string{"county", "nurse", "kela", "client"}},
		{"consultations/" + consultation.GetConsultationId(), consultation.GetMatterNumber(), []string{"county", "nurse", "kela", "client"}},
		{"plans/" + plan.GetPlanId(), plan.GetMatterNumber(), []string{"county", "kela", "client"}},
	}
	check := func(when string) {
		t.Helper()
		for i, one := range matters {
			for _, who := range one.readers {
				if got := n.number(who, one.subject); got != one.number || len(got) != 9 {
					t.Errorf("%s: %s has %q for %s, want %q", when, one.subject, got, who, one.number)
				}
			}
			for _, other := range matters[:i] {
				if other.number == one.number {
					t.Errorf("%s and %s have one number", one.subject, other.subject)
				}
			}
		}
	}
	check("begun")

	listed := func(ctx context.Context, sent bool, number string) (subjects []string) {
		t.Helper()
		r := &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY, Sent: sent, IncludeEnded: true, MatterNumber: number}
		for _, item := range testkit.Insist(t, ctx, casework.ListWork, r).GetItems() {
			if subjects = append(subjects, item.GetSubject()); item.GetMatterNumber() != number {
				t.Errorf("%v is found by %s", item, number)
			}
		}
		return subjects
	}
	for _, one := range matters {
		for _, who := range []string{"county", "nurse", "kela"} {
			found := append(listed(f.As(who), true, one.number), listed(f.As(who), false, one.number)...)
			slices.Sort(found)
			if found = slices.Compact(found); slices.Contains(one.readers, who) != slices.Equal(found, []string{one.subject}) || !slices.Contains(one.readers, who) && len(found) > 0 {
				t.Errorf("%s finds %v by the number of %s", who, found, one.subject)
			}
		}
	}
	lists := map[string]int{
		"referrals": len(testkit.Insist(t, nurse, n.referrals.ListReferrals, &referralv1.ListReferralsRequest{MatterNumber: referral.GetMatterNumber()}).GetReferrals()),
		"consultations": len(testkit.Insist(t, nurse, n.consultations.ListConsultations, &consultationv1.ListConsultationsRequest{MatterNumber: consultation.GetMatterNumber()}).
			GetConsultations()),
		"plans":     len(testkit.Insist(t, f.As("kela"), n.plans.ListPlans, &planv1.ListPlansRequest{MatterNumber: plan.GetMatterNumber()}).GetPlans()),
		"own plans": len(testkit.Insist(t, f.As("client"), n.plans.ListPlans, &planv1.ListPlansRequest{MatterNumber: plan.GetMatterNumber()}).GetPlans()),
	}
	for list, found := range lists {
		if found != 1 {
			t.Errorf("%d %s are found", found, list)
		}
	}
	if _, err := casework.ListWork(county, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY, MatterNumber: "7F3Q-92KU"}); fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("what is no number is searched for: %v", err)
	}

	for _, one := range matters {
		testkit.Insist(t, f.As("client"), consentv1.NewConsentServiceClient(conn).WithdrawConsent, &consentv1.WithdrawConsentRequest{RequestId: uuid.NewString(), Subject: one.subject})
	}
	// The plan is a duty of the county's and goes on: Kela, which took part on consent, reads it no more.
	matters[len(matters)-1].readers = []string{"county", "client"}
	check("the consent withdrawn")
}
