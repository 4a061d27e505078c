package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// The invariants of all matters hold under random commands by random parties.
func TestInvariants(t *testing.T) {
	rulestest.Invariants(t, func() *base { return newFixture().base }, func(t *rapid.T, w *base) {
		rulestest.Act(t, w, func(t *rapid.T, w *base) {
			_, _ = create(w, rapid.SampledFrom(rulestest.Everybody()).Draw(t, "creator"))
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
	}
}

// checkPlans checks that the responsible worker and the owners of open items are of units that have
// joined the plan, and that all members see the same plan.
func checkPlans(t *rapid.T, _ *base, changed map[string]matter.History[rules.Plan]) {
	for subject, history := range changed {
		p := history.State
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
		for agency, view := range history.Views {
			if history.Related(agency) && !proto.Equal(view.State.Plan, p.Plan) {
				t.Fatalf("%s sees another plan than there is:\n%v\n%v", agency, view.State.Plan, p.Plan)
			}
		}
	}
}
