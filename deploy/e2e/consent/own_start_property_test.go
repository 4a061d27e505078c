package consent

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// oneClient is what agencies do with the matters of one client, and what they may read.
type oneClient struct {
	starter
	t       *testing.T
	agents  map[string]context.Context
	parties map[string]*commonv1.Party
	client  *commonv1.Client
	matters []begun
	// hidden are the phones that were told under a non-disclosure.
	hidden map[string]bool
	phones int
}

// begun is a matter that somebody began.
type begun struct{ service, id, by string }

// readable are the phones of the client that an agency reads now, over all matters, and
// its own name for the client.
func (o *oneClient) readable(agency string) (phones []string, name string) {
	for _, one := range o.matters {
		details, clientID, ok := o.details(agency, one)
		if !ok {
			continue
		}
		name = clientID
		for _, phone := range details.GetPhones() {
			phones = append(phones, phone)
			if o.hidden[phone] && !details.GetNonDisclosure() {
				o.t.Errorf("%s reads %s of a %s without its non-disclosure", agency, phone, one.service)
			}
		}
	}
	return phones, name
}

// details are who the client of a matter is to an agency; false where it may not read that.
func (o *oneClient) details(agency string, one begun) (details *commonv1.ClientDetails, name string, ok bool) {
	var err error
	ctx := o.agents[agency]
	switch one.service {
	case "concern":
		read, failed := o.concerns.GetClient(ctx, &concernv1.GetClientRequest{ConcernId: one.id})
		shown, _ := o.concerns.GetConcern(ctx, &concernv1.GetConcernRequest{ConcernId: one.id})
		details, name, err = read.GetDetails(), shown.GetConcern().GetClientId(), failed
	case "referral":
		read, failed := o.referrals.GetClient(ctx, &referralv1.GetClientRequest{ReferralId: one.id})
		shown, _ := o.referrals.GetReferral(ctx, &referralv1.GetReferralRequest{ReferralId: one.id})
		details, name, err = read.GetDetails(), shown.GetReferral().GetClientId(), failed
	case "consultation":
		read, failed := o.consultations.GetClient(ctx, &consultationv1.GetClientRequest{ConsultationId: one.id})
		shown, _ := o.consultations.GetConsultation(ctx, &consultationv1.GetConsultationRequest{ConsultationId: one.id})
		details, name, err = read.GetDetails(), shown.GetConsultation().GetClientId(), failed
	default:
		read, failed := o.plans.GetClient(ctx, &planv1.GetClientRequest{PlanId: one.id})
		shown, _ := o.plans.GetPlan(ctx, &planv1.GetPlanRequest{PlanId: one.id})
		details, name, err = read.GetDetails(), shown.GetPlan().GetClientId(), failed
	}
	return details, name, err == nil
}

// start begins a matter by the agency's name for the client, or their code where it has
// none, and holds what is then read to what was readable before and what it brought.
func (o *oneClient) start(t *rapid.T, agency string) {
	before, name := o.readable(agency)
	client := knownAs(name)
	// A code says nothing of the client, so that the agency brings all.
	bring := name == "" || rapid.Bool().Draw(t, "brings details")
	if name == "" {
		client.Identity = o.client.GetIdentity()
	}
	if bring {
		o.phones++
		phone := fmt.Sprintf("040%06d", o.phones)
		client.Details = &commonv1.ClientDetails{FamilyName: "Testinen", Phones: []string{phone}, NonDisclosure: rapid.Bool().Draw(t, "non-disclosure")}
		o.hidden[phone] = client.Details.NonDisclosure
		before = append(before, phone)
	}
	service := rapid.SampledFrom(suite.Names()).Draw(t, "service")
	others := slices.DeleteFunc([]string{"county", "kela", "nurse"}, func(other string) bool { return other == agency })
	to := o.parties[rapid.SampledFrom(others).Draw(t, "to")]
	id, err := o.begin(o.agents[agency], service, client, to, testkit.Consented())
	if err != nil {
		return // withdrawn meanwhile, or not the receiver's
	}
	own := begun{service, id, agency}
	o.matters = append(o.matters, own)
	details, _, ok := o.details(agency, own)
	if !ok {
		t.Fatalf("%s does not read the %s that it began", agency, service)
	}
	for _, phone := range details.GetPhones() {
		if !slices.Contains(before, phone) {
			t.Fatalf("%s reads %s by a %s of its own, and could read %v", agency, phone, service, before)
		}
	}
}

// step takes a random step on a matter; those that are refused change nothing.
func (o *oneClient) step(t *rapid.T, agency string) {
	if len(o.matters) == 0 {
		return
	}
	one, ctx := rapid.SampledFrom(o.matters).Draw(t, "matter"), o.agents[agency]
	other := o.parties[rapid.SampledFrom([]string{"county", "kela", "nurse"}).Draw(t, "other")]
	request := uuid.NewString()
	what := rapid.SampledFrom([]string{"take", "pass on", "withdraw", "revoke", "leave"}).Draw(t, "what")
	switch one.service + " " + what {
	case "concern take":
		_, _ = o.concerns.TakeConcern(ctx, &concernv1.TakeConcernRequest{RequestId: request, ConcernId: one.id})
	case "concern pass on":
		_, _ = o.concerns.ReceiveConcern(ctx, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: one.id})
		passed, _ := o.concerns.ForwardConcern(ctx, &concernv1.ForwardConcernRequest{
			RequestId: request, ConcernId: one.id, Receiver: other, Basis: testkit.Consented(), Topics: []concernv1.Topic{concernv1.Topic_TOPIC_OTHER}, Description: "Heille.",
		})
		o.passed(agency, "concern", passed.GetForwardedConcernId())
	case "concern revoke":
		_, _ = o.concerns.RevokeConcern(ctx, &concernv1.RevokeConcernRequest{RequestId: request, ConcernId: one.id, Reason: "Väärä."})
	case "referral take":
		_, _ = o.referrals.AcceptReferral(ctx, &referralv1.AcceptReferralRequest{RequestId: request, ReferralId: one.id})
	case "referral pass on":
		passed, _ := o.referrals.RedirectReferral(ctx, &referralv1.RedirectReferralRequest{RequestId: request, ReferralId: one.id, Receiver: other, Basis: testkit.Consented(), Explanation: "Heille."})
		o.passed(agency, "referral", passed.GetRedirectedReferralId())
	case "referral revoke":
		_, _ = o.referrals.RevokeReferral(ctx, &referralv1.RevokeReferralRequest{RequestId: request, ReferralId: one.id, Reason: "Väärä."})
	case "consultation take":
		_, _ = o.consultations.TakeConsultation(ctx, &consultationv1.TakeConsultationRequest{RequestId: request, ConsultationId: one.id})
	case "consultation pass on":
		_, _ = o.consultations.InviteParticipant(ctx, &consultationv1.InviteParticipantRequest{RequestId: request, ConsultationId: one.id, Participant: other, Basis: testkit.Consented()})
	case "plan take":
		_, _ = o.plans.JoinPlan(ctx, &planv1.JoinPlanRequest{RequestId: request, PlanId: one.id})
	case "plan pass on":
		_, _ = o.plans.InviteMember(ctx, &planv1.InviteMemberRequest{RequestId: request, PlanId: one.id, Party: other, Basis: testkit.Consented()})
	case "plan leave":
		_, _ = o.plans.LeavePlan(ctx, &planv1.LeavePlanRequest{RequestId: request, PlanId: one.id, Reason: "Valmis."})
	default:
		if what == "withdraw" {
			_, _ = o.consents.WithdrawConsent(ctx, withdrawal(one.service+"s/"+one.id))
		}
	}
}

// passed keeps a matter that was passed on.
func (o *oneClient) passed(agency, service, id string) {
	if id != "" {
		o.matters = append(o.matters, begun{service, id, agency})
	}
}

// Three agencies act at random on a client's matters in the four services. By beginning a matter,
// none of them can read more of the client than it could read before, or provided itself. What was
// disclosed under a non-disclosure stays under it wherever it is sent.
func TestAStartTellsNothingNew(t *testing.T) {
	f := testkit.NewFixture(t)
	s, number := starterOf(f.Conn()), 1000
	rapid.Check(t, func(rt *rapid.T) {
		number++
		client, _ := anybody(f, number)
		o := &oneClient{
			starter: s, t: t, client: client, hidden: map[string]bool{},
			agents:  map[string]context.Context{"kela": f.As("kela"), "county": f.As("county"), "nurse": f.As("nurse")},
			parties: map[string]*commonv1.Party{"kela": testkit.Kela, "county": testkit.County, "nurse": testkit.Health},
		}
		for range 10 {
			agency := rapid.SampledFrom([]string{"county", "kela", "nurse"}).Draw(rt, "agency")
			if len(o.matters) == 0 || rapid.IntRange(0, 2).Draw(rt, "starts") == 0 {
				o.start(rt, agency)
			} else {
				o.step(rt, agency)
			}
		}
	})
}
