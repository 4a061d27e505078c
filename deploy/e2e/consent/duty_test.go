package consent

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// dutyPlan is a plan that social services must make, and those who take part in it.
type dutyPlan struct {
	*testkit.Fixture
	t                           *testing.T
	plans                       planv1.PlanServiceClient
	consents                    consentv1.ConsentServiceClient
	county, kela, nurse, client context.Context
	id, subject                 string
}

// newDuty is a client plan of the county's with a goal.
func newDuty(t *testing.T, basis *commonv1.LegalBasis) *dutyPlan {
	t.Helper()
	f := testkit.NewFixture(t)
	d := &dutyPlan{
		Fixture: f, t: t, plans: planv1.NewPlanServiceClient(f.Conn()), consents: consentv1.NewConsentServiceClient(f.Conn()),
		county: f.As("county"), kela: f.As("kela"), nurse: f.As("nurse"), client: f.As("client"),
	}
	d.id = d.another(basis)
	d.subject = "plans/" + d.id
	d.goal()
	return d
}

// another creates one more plan of the county's.
func (d *dutyPlan) another(basis *commonv1.LegalBasis) string {
	d.t.Helper()
	return testkit.Insist(d.t, d.county, d.plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: testkit.Anna(), Basis: basis}).GetPlan().GetPlanId()
}

func (d *dutyPlan) goal() {
	d.t.Helper()
	testkit.Insist(d.t, d.county, d.plans.AddGoal, &planv1.AddGoalRequest{RequestId: uuid.NewString(), PlanId: d.id, Text: "Haluan nukkua."})
}

func (d *dutyPlan) invite(plan string, party *commonv1.Party, basis *commonv1.LegalBasis) error {
	_, err := d.plans.InviteMember(d.county, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: plan, Party: party, Basis: basis})
	return err
}

// joins has the county invite a party, and a worker of the party join.
func (d *dutyPlan) joins(who context.Context, party *commonv1.Party, basis *commonv1.LegalBasis) {
	d.t.Helper()
	if err := d.invite(d.id, party, basis); err != nil {
		d.t.Fatal(err)
	}
	testkit.Insist(d.t, who, d.plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: d.id})
}

func (d *dutyPlan) mailbox(agency string) []*exchangev1.CaseMessage {
	return testkit.Mailbox(d.t, testkit.WithToken(d.t, d.Token(testkit.SystemOf(agency))), d.Conn())
}

// expect fails the test unless a mailbox holds these messages of the plan.
func (d *dutyPlan) expect(agency string, want ...string) {
	d.t.Helper()
	if names := eventNames(d.mailbox(agency), d.subject); !slices.Equal(names, want) {
		d.t.Errorf("the mailbox of %s holds %q, not %q", agency, names, want)
	}
}

// reads returns the plan as somebody reads it, or why it is not found.
func (d *dutyPlan) reads(who context.Context) (*planv1.Plan, error) {
	read, err := d.plans.GetPlan(who, &planv1.GetPlanRequest{PlanId: d.id})
	return read.GetPlan(), err
}

func (d *dutyPlan) withdraw(agency string) *consentv1.WithdrawConsentRequest {
	r := withdrawal(d.subject)
	r.Agency = agency
	return r
}

// stateOf tells in which state a plan shows an agency's membership.
func stateOf(plan *planv1.Plan, agency string) planv1.MemberState {
	for _, member := range plan.GetMembers() {
		if member.GetParty().GetAgency() == agency {
			return member.GetState()
		}
	}
	return planv1.MemberState_MEMBER_STATE_UNSPECIFIED
}

const hasLeft, hasJoined = planv1.MemberState_MEMBER_STATE_LEFT, planv1.MemberState_MEMBER_STATE_JOINED

// lawful is the ground of a client plan, which social services must make.
func lawful() *commonv1.LegalBasis { return &commonv1.LegalBasis{GroundKey: "shl-39-1"} }

// The client withdraws consent to one member of a client plan. It leaves, and its messages become
// tombstones; the plan goes on for the others. It is invited again on a new consent, and reads; then all
// members are withdrawn. The plan may rest on the duty, or have been created on consent.
func TestMembersLeaveAPlanOnDuty(t *testing.T) {
	for name, basis := range map[string]*commonv1.LegalBasis{"on the duty": lawful(), "on consent": testkit.Consented()} {
		t.Run(name, func(t *testing.T) {
			d := newDuty(t, basis)
			d.joins(d.kela, testkit.Kela, testkit.Consented())
			d.joins(d.nurse, testkit.Health, testkit.Consented())
			d.expect("kela", "MemberInvited", "MemberJoined", "MemberInvited", "MemberJoined")
			named := testkit.Must(d.reads(d.kela)).GetClientId()
			withdraw := d.withdraw("kela")
			for range 2 { // the same request again changes nothing
				gone := testkit.Insist(t, d.client, d.consents.WithdrawConsent, withdraw).GetConsent()
				if holders := gone.GetWithdrawal().GetHolders(); len(holders) != 1 || holders[0].GetAgency() != "kela" || !slices.Equal(gone.GetRecipients(), []string{"terveys-pohjois-savo"}) {
					t.Fatalf("%v", gone)
				}
			}
			d.goal()
			d.expect("kela", "-", "-", "-", "-", "ConsentWithdrawn")
			d.expect("terveys-pohjois-savo", "MemberInvited", "MemberJoined", "ConsentWithdrawn", "GoalAdded")
			d.expect("hva-pohjois-savo", "PlanCreated", "GoalAdded", "MemberInvited", "MemberJoined", "MemberInvited", "MemberJoined", "ConsentWithdrawn", "GoalAdded")
			if _, err := d.reads(d.kela); fault.ReasonOf(err) != fault.NotFound {
				t.Errorf("who left reads the plan: %v", err)
			}
			own := testkit.Must(d.consents.ListConsents(d.kela, &consentv1.ListConsentsRequest{ClientId: named, Purpose: "Tarkistus."})).GetConsents()
			if len(own) != 1 || !slices.Equal(own[0].GetRecipients(), []string{"kela"}) || len(own[0].GetWithdrawal().GetHolders()) != 1 || own[0].GetGivenTo() != nil || own[0].GetGivenAt() != nil {
				t.Errorf("who left reads of its consent %v", own)
			}
			for _, who := range []context.Context{d.county, d.nurse, d.client} {
				if plan := testkit.Must(d.reads(who)); plan.GetState() != planv1.PlanState_PLAN_STATE_ACTIVE || stateOf(plan, "kela") != hasLeft || stateOf(plan, "terveys-pohjois-savo") != hasJoined {
					t.Errorf("%v", plan)
				}
			}
			for what, one := range map[string]struct {
				err  error
				want fault.Reason
			}{
				"again":                    {testkit.Refusal(d.consents.WithdrawConsent(d.client, d.withdraw("kela"))), fault.IllegalStep},
				"the creator's":            {testkit.Refusal(d.consents.WithdrawConsent(d.client, d.withdraw("hva-pohjois-savo"))), fault.IllegalStep},
				"by who left":              {testkit.Refusal(d.consents.WithdrawConsent(d.kela, d.withdraw("terveys-pohjois-savo"))), fault.NotFound},
				"of no agency":             {testkit.Refusal(d.consents.WithdrawConsent(d.client, d.withdraw("Kela!"))), fault.InvalidField},
				"invited on the old one":   {d.invite(d.id, testkit.Kela, testkit.Consented()), fault.ConsentWithdrawn},
				"acknowledged by who left": {testkit.Refusal(d.consents.AcknowledgeWithdrawal(d.kela, &consentv1.AcknowledgeWithdrawalRequest{RequestId: uuid.NewString(), Subject: d.subject})), ""},
			} {
				if fault.ReasonOf(one.err) != one.want {
					t.Errorf("%s: %v", what, one.err)
				}
			}

			d.joins(d.kela, testkit.Kela, given(time.Now()))
			d.expect("kela", "-", "-", "-", "-", "ConsentWithdrawn", "WithdrawalAcknowledged", "MemberInvited", "MemberJoined")
			if plan := testkit.Must(d.reads(d.kela)); len(plan.GetGoals()) != 2 || stateOf(plan, "kela") != hasJoined {
				t.Errorf("invited again it reads %v", plan)
			}
			testkit.Insist(t, d.county, d.consents.WithdrawConsent, d.withdraw(""))
			d.expect("kela", "-", "-", "-", "-", "ConsentWithdrawn", "WithdrawalAcknowledged", "-", "-", "ConsentWithdrawn")
			d.expect("terveys-pohjois-savo", "-", "-", "ConsentWithdrawn", "-", "WithdrawalAcknowledged", "-", "-", "ConsentWithdrawn")
			if plan := testkit.Must(d.reads(d.county)); plan.GetState() != planv1.PlanState_PLAN_STATE_ACTIVE || plan.GetResponsible().GetWorker() != "ps-21" {
				t.Errorf("without members the county reads %v", plan)
			}
			listed := testkit.Must(d.consents.ListConsents(d.client, &consentv1.ListConsentsRequest{})).GetConsents()
			if len(listed) != 1 || len(listed[0].GetWithdrawal().GetHolders()) != 2 || !slices.Equal(listed[0].GetRecipients(), []string{"kela", "terveys-pohjois-savo"}) {
				t.Errorf("the client reads %v", listed)
			}
			if _, err := d.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"by":"864000s"}`); err != nil {
				t.Fatal(err)
			}
			if names := eventNames(d.mailbox("kela"), d.subject); names[len(names)-1] != "WithdrawalOverdue" {
				t.Errorf("who is late is told %q", names)
			}
		})
	}
}

// An application is never moved on consent: the applicant decides on it with its sender.
func TestApplicationIsNotMovedOnConsent(t *testing.T) {
	f := testkit.NewFixture(t)
	moved := referred(testkit.Consented(), testkit.County)
	moved.Kind = referralv1.ReferralKind_REFERRAL_KIND_APPLICATION_TRANSFER
	if _, err := referralv1.NewReferralServiceClient(f.Conn()).SendReferral(f.As("kela"), moved); fault.ReasonOf(err) != fault.GroundNotLawful {
		t.Error(err)
	}
}

// Another matter than a plan on duty has one consent, for all.
func TestAgencyOfAnotherMatter(t *testing.T) {
	f := testkit.NewFixture(t)
	referral := testkit.Insist(t, f.As("county"), referralv1.NewReferralServiceClient(f.Conn()).SendReferral, referred(testkit.Consented(), testkit.Health)).GetReferral()
	one := withdrawal("referrals/" + referral.GetReferralId())
	one.Agency = "terveys-pohjois-savo"
	if _, err := consentv1.NewConsentServiceClient(f.Conn()).WithdrawConsent(f.As("client"), one); fault.ReasonOf(err) != fault.InvalidField {
		t.Error(err)
	}
}

// A prohibition makes the members leave that it covers and that take part on consent. A plan of which no
// such member left is named as one that continues.
func TestProhibitionOfAMember(t *testing.T) {
	d := newDuty(t, lawful())
	d.joins(d.kela, testkit.Kela, testkit.Consented())
	d.joins(d.nurse, testkit.Health, testkit.Consented())
	other := d.another(lawful())
	if err := d.invite(other, testkit.Health, byLaw()); err != nil {
		t.Fatal(err)
	}
	prohibited := testkit.Insist(t, d.client, d.consents.ProhibitTransfer, prohibition(nil, healthCare)).GetProhibition()
	if !slices.Equal(prohibited.GetWithdrawn(), []string{d.subject}) || !slices.Equal(prohibited.GetContinuing(), []string{"plans/" + other}) {
		t.Errorf("%v", prohibited)
	}
	d.expect("terveys-pohjois-savo", "-", "-", "ConsentWithdrawn")
	if plan := testkit.Must(d.reads(d.kela)); plan.GetState() != planv1.PlanState_PLAN_STATE_ACTIVE || stateOf(plan, "terveys-pohjois-savo") != hasLeft || stateOf(plan, "kela") != hasJoined {
		t.Errorf("%v", plan)
	}
	if _, err := d.plans.GetPlan(d.nurse, &planv1.GetPlanRequest{PlanId: other}); err != nil {
		t.Errorf("a member by law: %v", err)
	}
	again := testkit.Insist(t, d.client, d.consents.ProhibitTransfer, prohibition(nil, healthCare)).GetProhibition()
	if slices.Contains(again.GetWithdrawn(), d.subject) {
		t.Errorf("a second prohibition withdraws it again: %v", again)
	}
}

// The withdrawal of a consent in advance ends that of the member that was invited on it, and of no other.
func TestAdvanceConsentOfAMember(t *testing.T) {
	d := newDuty(t, lawful())
	advance := testkit.Insist(t, d.client, d.consents.GiveConsent, consentFor(nil, healthCare, "plan")).GetConsent()
	d.joins(d.nurse, testkit.Health, citing(advance.GetConsentId()))
	d.joins(d.kela, testkit.Kela, given(advance.GetGivenAt().AsTime().Add(-time.Minute)))
	gone := testkit.Insist(t, d.client, d.consents.WithdrawAdvanceConsent, &consentv1.WithdrawAdvanceConsentRequest{RequestId: uuid.NewString(), ConsentId: advance.GetConsentId()}).GetConsent()
	if !slices.Equal(gone.GetWithdrawn(), []string{d.subject}) {
		t.Errorf("%v", gone)
	}
	d.expect("terveys-pohjois-savo", "-", "-", "-", "-", "ConsentWithdrawn")
	if plan := testkit.Must(d.reads(d.kela)); plan.GetState() != planv1.PlanState_PLAN_STATE_ACTIVE || stateOf(plan, "terveys-pohjois-savo") != hasLeft || stateOf(plan, "kela") != hasJoined {
		t.Errorf("%v", plan)
	}
}
