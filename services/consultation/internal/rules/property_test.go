package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	"koppi.internal/services/consultation/internal/rules"
)

// The invariants of all matters hold under random commands by random parties.
func TestInvariants(t *testing.T) {
	rulestest.Invariants(t, func() *base { return newFixture().base }, func(t *rapid.T, w *base) {
		rulestest.Act(t, w, func(t *rapid.T, w *base) {
			from, to := rapid.SampledFrom(rulestest.Everybody()).Draw(t, "from"), rapid.SampledFrom(rulestest.Everybody()).Draw(t, "to")
			client := rapid.SampledFrom([]string{"", "anna"}).Draw(t, "client")
			urgency := commonv1.Urgency(rapid.IntRange(1, 3).Draw(t, "urgency"))
			_, _ = ask(w, from, to, client, urgency)
		}, append(allSteps, answer), nil)
	}, func(t *rapid.T, _ *base, changed map[string]matter.History[rules.Consultation]) {
		for subject, history := range changed {
			for agency, view := range history.Views {
				if !view.Reader.IsSilenced() && !proto.Equal(view.State.Consultation, history.State.Consultation) {
					t.Fatalf("the view of %s on %s differs from the state", agency, subject)
				}
			}
		}
	})
}
