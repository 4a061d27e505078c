package rules_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// The invariants of all matters hold under random commands by random parties.
func TestInvariants(t *testing.T) {
	rulestest.Invariants(t, func() *base { return newFixture().base }, func(t *rapid.T, w *base) {
		rulestest.Act(t, w, func(t *rapid.T, w *base) {
			basis := rapid.SampledFrom([]*commonv1.LegalBasis{rulestest.Consent(w.Now), duty, byLaw}).Draw(t, "basis")
			known := rules.Facts{SocialServices: rapid.Bool().Draw(t, "by social services")}
			_, _ = createKnowing(w, rapid.SampledFrom(rulestest.Everybody()).Draw(t, "creator"), known, &planv1.CreatePlanRequest{
				Basis: basis, SpecialSupport: rapid.Bool().Draw(t, "special support"),
			})
		}, allSteps, vary)
	}, checkPlans)
}

func vary(t *rapid.T, request proto.Message, _ string, _ matter.Actor) {
	other := party(rapid.SampledFrom(rulestest.Everybody()).Draw(t, "to"))
	switch m := request.(type) {
	case *planv1.OfferResponsibilityRequest:
		m.To = other
	case *planv1.ReassignActionRequest:
		m.To = other
	case *planv1.RecordSpecialSupportRequest:
		m.SpecialSupport = rapid.Bool().Draw(t, "special support")
	case *planv1.InviteMemberRequest:
		if rapid.IntRange(0, 3).Draw(t, "invited by law") == 0 {
			m.Basis = byLaw
		}
	}
}

// checkPlans checks that the responsible worker, the social worker and the owners of open items are of
// units that have joined the plan, that the plan has a social worker exactly while special support stands,
// and that all members see the same plan.
func checkPlans(t *rapid.T, _ *base, changed map[string]matter.History[rules.Plan]) {
	for subject, history := range changed {
		p := history.State
		for agency, view := range history.Views {
			if !p.IsRevoked() && !view.Reader.Gone && (view.State.OnDuty != p.OnDuty || p.OnDuty && view.Reader.IsSilenced() && !p.IsWithdrawn()) {
				t.Fatalf("%s takes part in %s as %+v, on duty %t", agency, subject, view.Reader, view.State.OnDuty)
			}
		}
		if p.Ended() {
			continue
		}
		in := map[string]bool{}
		for _, member := range p.Plan.GetMembers() {
			if member.GetState() == planv1.MemberState_MEMBER_STATE_JOINED {
				in[member.GetParty().GetAgency()+"/"+member.GetParty().GetUnit()] = true
			}
		}
		for _, item := range p.Items() {
			if !in[item.Owner.GetAgency()+"/"+item.Owner.GetUnit()] {
				t.Fatalf("%s of %s is owned by %v, which is not a member", item.What, subject, item.Owner)
			}
		}
		worker := p.Plan.GetSocialWorker()
		// The social worker's unit may have left since the client withdrew the consent to it.
		waits := worker == nil && len(p.Departures) > 0
		if p.Plan.GetSpecialSupport() != isSocialWorker(worker) && !waits || worker != nil && !in[worker.GetAgency()+"/"+worker.GetUnit()] {
			t.Fatalf("special support of %s stands: %v, with %v", subject, p.Plan.GetSpecialSupport(), worker)
		}
		for agency, view := range history.Views {
			if history.Related(agency) && !proto.Equal(view.State.Plan, p.Plan) {
				t.Fatalf("%s sees another plan than there is:\n%v\n%v", agency, view.State.Plan, p.Plan)
			}
		}
	}
}

// isSocialWorker reports whether a party is one of the fixture's social workers.
func isSocialWorker(party *commonv1.Party) bool {
	return slices.ContainsFunc(rulestest.Everybody(), func(a matter.Actor) bool { return a.IsSocialWorker() && proto.Equal(a.Party(), party) })
}
