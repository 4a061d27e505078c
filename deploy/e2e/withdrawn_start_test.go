package e2e

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// given is a consent of a moment.
func given(at time.Time) *commonv1.LegalBasis {
	basis := consented()
	basis.ConsentedAt = timestamppb.New(at)
	return basis
}

// anybody is a test person of that number, and a client's token for them.
func (b *bench) anybody(number int) (*commonv1.Client, context.Context) {
	b.t.Helper()
	born, serial := fmt.Sprintf("%02d0180", number/100%28+1), fmt.Sprint(900+number%100)
	digits := must(strconv.Atoi(born + serial))
	code := born + "-" + serial + string("0123456789ABCDEFHJKLMNPRSTUVWXY"[digits%31])
	client := &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: code}, Language: "fi"}
	return client, withToken(b.t, b.token(scenario.CastParty{Role: "client", PersonalIdentityCode: code}))
}

// A consent withdrawn in one service limits new matters in all four services, for every agency to
// which it disclosed. Towards a recipient of that consent, or in a matter without a recipient yet,
// no consent given before the withdrawal counts. Towards other agencies, neither that consent nor
// any earlier one counts. A later consent counts.
func TestAWithdrawnConsentStopsOlderOnes(t *testing.T) {
	b := newBenchOf(t, allinone.Config{})
	s := starterOf(b.grpc())
	kela, county, nurse := b.asWorker("kela"), b.asWorker("county"), b.asWorker("nurse")
	for number, source := range everyService {
		person, client := b.anybody(number)
		first := time.Now().Add(-30 * time.Minute)
		id := must(s.begin(kela, source, person, countyParty, given(first)))
		if source == "plan" {
			must(s.plans.InviteMember(kela, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: id, Party: countyParty, Basis: given(time.Now())}))
			must(s.plans.JoinPlan(county, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: id}))
		}
		gone := must(s.consents.WithdrawConsent(client, withdrawal(source+"s/"+id))).GetConsent().GetWithdrawal().GetAt().AsTime()
		between := first.Add(time.Minute)
		for _, target := range everyService {
			for name, one := range map[string]struct {
				err  error
				want fault.Reason
			}{
				"towards who was told":              {refusal(s.begin(kela, target, person, countyParty, given(between))), fault.ConsentWithdrawn},
				"by who was told":                   {refusal(s.begin(county, target, person, kelaParty, given(between))), fault.ConsentWithdrawn},
				"at the moment of the withdrawal":   {refusal(s.begin(kela, target, person, countyParty, given(gone))), fault.ConsentWithdrawn},
				"the same, towards another":         {refusal(s.begin(kela, target, person, employmentParty, given(first))), fault.ConsentWithdrawn},
				"one from before, towards another":  {refusal(s.begin(kela, target, person, employmentParty, given(first.Add(-time.Hour)))), fault.ConsentWithdrawn},
				"towards who was told, by law":      {refusal(s.begin(kela, target, person, countyParty, lawFor(target))), ""},
				"by who was not told, from before":  {refusal(s.begin(nurse, target, person, employmentParty, given(between))), ""},
				"towards who was told, given since": {refusal(s.begin(kela, target, person, countyParty, given(gone.Add(time.Microsecond)))), ""},
			} {
				if fault.ReasonOf(one.err) != one.want {
					t.Errorf("after a %s was withdrawn, a %s %s: %v", source, target, name, one.err)
				}
			}
			_, err := s.begin(kela, target, person, employmentParty, given(between))
			if want := map[bool]fault.Reason{true: fault.ConsentWithdrawn}[target == "plan"]; fault.ReasonOf(err) != want {
				t.Errorf("after a %s was withdrawn, a %s on another consent, towards another: %v", source, target, err)
			}
		}
		// A step of its own ground: the plan is on a consent given since, the invitation not.
		plan := must(s.begin(kela, "plan", person, nil, given(gone.Add(time.Microsecond))))
		invite := &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: plan, Party: countyParty, Basis: given(between)}
		if _, err := s.plans.InviteMember(kela, invite); fault.ReasonOf(err) != fault.ConsentWithdrawn {
			t.Errorf("after a %s was withdrawn, an invitation: %v", source, err)
		}
		check := &concernv1.CheckOpenConcernRequest{Client: person, Receiver: countyParty, Basis: given(between)}
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
	b := newBenchOf(t, allinone.Config{})
	conn, anna := b.grpc(), annaClient
	s := starterOf(conn)
	county, client := b.asWorker("county"), b.asWorker("client")
	b.reported(conn, anna)
	advance := must(s.consents.GiveConsent(county, consentFor(anna, healthCare, "referral"))).GetConsent()
	must(s.consents.WithdrawAdvanceConsent(client, &consentv1.WithdrawAdvanceConsentRequest{RequestId: uuid.NewString(), ConsentId: advance.GetConsentId()}))
	older := given(advance.GetGivenAt().AsTime())
	for _, target := range everyService {
		if target == "concern" {
			continue // health care takes no reports on consent here
		}
		if _, err := s.begin(county, target, anna, healthParty, older); fault.ReasonOf(err) != fault.ConsentWithdrawn {
			t.Errorf("a %s on a consent in advance that was withdrawn, by its time: %v", target, err)
		}
	}

	moment := time.Now()
	must(s.begin(county, "referral", anna, healthParty, given(moment)))
	prohibited := must(s.consents.ProhibitTransfer(client, prohibition(nil, healthCare))).GetProhibition()
	must(s.consents.LiftProhibition(client, &consentv1.LiftProhibitionRequest{RequestId: uuid.NewString(), ProhibitionId: prohibited.GetProhibitionId()}))
	for _, target := range []string{"referral", "consultation", "plan"} {
		if _, err := s.begin(county, target, anna, healthParty, given(moment)); fault.ReasonOf(err) != fault.ConsentWithdrawn {
			t.Errorf("a %s on the consent that a prohibition ended: %v", target, err)
		}
	}
	if listed := wishesRead(t, client, conn, "").GetConsents(); len(listed) != 1 || slices.ContainsFunc(listed, func(c *consentv1.AdvanceConsent) bool { return c.GetRecipient() == nil }) {
		t.Errorf("what is kept of matters is shown as consents in advance: %v", listed)
	}
}
