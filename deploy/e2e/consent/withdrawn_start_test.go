package consent

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// given is a consent of a moment.
func given(at time.Time) *commonv1.LegalBasis {
	basis := testkit.Consented()
	basis.ConsentedAt = timestamppb.New(at)
	return basis
}

// anybody is the n-th test person, and the context in which this person calls.
func anybody(f *testkit.Fixture, n int) (*commonv1.Client, context.Context) {
	f.T.Helper()
	token := f.Token(scenario.CastParty{Role: "client", PersonalIdentityCode: testkit.PersonCode(n)})
	return somebody(n), testkit.WithToken(f.T, token)
}

// A consent withdrawn in one service limits new matters in all services, for every agency to
// which it disclosed. Towards a recipient of that consent, or in a matter without a recipient yet,
// no consent given before the withdrawal counts. Towards other agencies, neither that consent nor
// any earlier one counts. A later consent counts.
func TestAWithdrawnConsentStopsOlderOnes(t *testing.T) {
	f := testkit.NewFixture(t)
	s := starterOf(f.Conn())
	kela, county, nurse := f.As("kela"), f.As("county"), f.As("nurse")
	for number, source := range suite.Names() {
		person, client := anybody(f, number)
		first := time.Now().Add(-30 * time.Minute)
		id := testkit.Must(s.begin(kela, source, person, testkit.County, given(first)))
		if source == "plan" {
			testkit.Must(s.plans.InviteMember(kela, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: id, Party: testkit.County, Basis: given(time.Now())}))
			testkit.Must(s.plans.JoinPlan(county, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: id}))
		}
		gone := testkit.Must(s.consents.WithdrawConsent(client, withdrawal(source+"s/"+id))).GetConsent().GetWithdrawal().GetAt().AsTime()
		between := first.Add(time.Minute)
		for _, target := range suite.Names() {
			for name, one := range map[string]struct {
				err  error
				want fault.Reason
			}{
				"towards who was told":              {testkit.Refusal(s.begin(kela, target, person, testkit.County, given(between))), fault.ConsentWithdrawn},
				"by who was told":                   {testkit.Refusal(s.begin(county, target, person, testkit.Kela, given(between))), fault.ConsentWithdrawn},
				"at the moment of the withdrawal":   {testkit.Refusal(s.begin(kela, target, person, testkit.County, given(gone))), fault.ConsentWithdrawn},
				"the same, towards another":         {testkit.Refusal(s.begin(kela, target, person, testkit.Employment, given(first))), fault.ConsentWithdrawn},
				"one from before, towards another":  {testkit.Refusal(s.begin(kela, target, person, testkit.Employment, given(first.Add(-time.Hour)))), fault.ConsentWithdrawn},
				"towards who was told, by law":      {testkit.Refusal(s.begin(kela, target, person, testkit.County, lawFor(target))), ""},
				"by who was not told, from before":  {testkit.Refusal(s.begin(nurse, target, person, testkit.Employment, given(between))), ""},
				"towards who was told, given since": {testkit.Refusal(s.begin(kela, target, person, testkit.County, given(gone.Add(time.Microsecond)))), ""},
			} {
				if fault.ReasonOf(one.err) != one.want {
					t.Errorf("after a %s was withdrawn, a %s %s: %v", source, target, name, one.err)
				}
			}
			_, err := s.begin(kela, target, person, testkit.Employment, given(between))
			if want := map[bool]fault.Reason{true: fault.ConsentWithdrawn}[target == "plan"]; fault.ReasonOf(err) != want {
				t.Errorf("after a %s was withdrawn, a %s on another consent, towards another: %v", source, target, err)
			}
		}
		// A step of its own ground: the plan is on a consent given since, the invitation not.
		plan := testkit.Must(s.begin(kela, "plan", person, nil, given(gone.Add(time.Microsecond))))
		invite := &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: plan, Party: testkit.County, Basis: given(between)}
		if _, err := s.plans.InviteMember(kela, invite); fault.ReasonOf(err) != fault.ConsentWithdrawn {
			t.Errorf("after a %s was withdrawn, an invitation: %v", source, err)
		}
		check := &concernv1.CheckOpenConcernRequest{Client: person, Receiver: testkit.County, Basis: given(between)}
		if _, err := s.concerns.CheckOpenConcern(kela, check); fault.ReasonOf(err) != fault.ConsentWithdrawn {
			t.Errorf("after a %s was withdrawn, asked for on it: %v", source, err)
		}
	}
}

// lawFor is a ground in a service that asks nobody.
func lawFor(service string) *commonv1.LegalBasis {
	if service != "concern" {
		return byLaw()
	}
	return &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION, Provision: "1301/2014 § 35.2",
		Attestation: &commonv1.Attestation{ConsentUnobtainable: true, EvidentlyUnableToCareForSelf: true},
	}
}

// The withdrawal of a consent in advance, or of a consent by a prohibition, also counts in all
// services. The time of a withdrawn consent in advance does not let it be cited.
func TestWithdrawnByAWish(t *testing.T) {
	f := testkit.NewFixture(t)
	conn, anna := f.Conn(), testkit.Anna()
	s := starterOf(conn)
	county, client := f.As("county"), f.As("client")
	reported(f, conn, anna)
	advance := testkit.Must(s.consents.GiveConsent(county, consentFor(anna, healthCare, "referral"))).GetConsent()
	testkit.Must(s.consents.WithdrawAdvanceConsent(client, &consentv1.WithdrawAdvanceConsentRequest{RequestId: uuid.NewString(), ConsentId: advance.GetConsentId()}))
	older := given(advance.GetGivenAt().AsTime())
	for _, target := range suite.Names() {
		if target == "concern" {
			continue // health care takes no reports on consent here
		}
		if _, err := s.begin(county, target, anna, testkit.Health, older); fault.ReasonOf(err) != fault.ConsentWithdrawn {
			t.Errorf("a %s on a consent in advance that was withdrawn, by its time: %v", target, err)
		}
	}

	moment := time.Now()
	testkit.Must(s.begin(county, "referral", anna, testkit.Health, given(moment)))
	prohibited := testkit.Must(s.consents.ProhibitTransfer(client, prohibition(nil, healthCare))).GetProhibition()
	testkit.Must(s.consents.LiftProhibition(client, &consentv1.LiftProhibitionRequest{RequestId: uuid.NewString(), ProhibitionId: prohibited.GetProhibitionId()}))
	for _, target := range suite.Names() {
		if target == "concern" {
			continue // health care takes no reports on consent here
		}
		if _, err := s.begin(county, target, anna, testkit.Health, given(moment)); fault.ReasonOf(err) != fault.ConsentWithdrawn {
			t.Errorf("a %s on the consent that a prohibition ended: %v", target, err)
		}
	}
	if listed := readDirectives(t, client, conn, "").GetConsents(); len(listed) != 1 || slices.ContainsFunc(listed, func(c *consentv1.AdvanceConsent) bool { return c.GetRecipient() == nil }) {
		t.Errorf("what is kept of matters is shown as consents in advance: %v", listed)
	}
}
