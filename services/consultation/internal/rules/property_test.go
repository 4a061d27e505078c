package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
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
		}, append(allSteps, answer, asks), func(t *rapid.T, request proto.Message, _ string, _ matter.Actor) {
			if r, ok := request.(*consultationv1.PostMessageRequest); ok {
				r.Answers, r.Asks = rapid.Bool().Draw(t, "answers"), rapid.Bool().Draw(t, "asks")
			}
		})
	}, func(t *rapid.T, _ *base, changed map[string]matter.History[rules.Consultation]) {
		for subject, history := range changed {
			checkTurn(t, history)
			for agency, view := range history.Views {
				if !view.Reader.IsSilenced() && !proto.Equal(view.State.Consultation, history.State.Consultation) {
					t.Fatalf("the view of %s on %s differs from the state", agency, subject)
				}
				// A party that was invited later knows too whose turn it is, until when, and what has passed.
				mine, whole := rules.Status(view.State, view.Reader), rules.Status(history.State, view.Reader)
				if !view.Reader.IsSilenced() && !proto.Equal(mine, whole) {
					t.Fatalf("%s is shown %v of %s, which is %v", agency, mine, subject, whole)
				}
			}
		}
	})
}

// checkTurn checks against the messages alone whose turn an open consultation is. Once it is taken it is
// the asker's after an answer and while the asker is asked, except while the taker's urgent limit is the
// earlier one; and it says so to all.
func checkTurn(t *rapid.T, history matter.History[rules.Consultation]) {
	c := history.State
	if c.Ended() || c.State() == consultationv1.ConsultationState_CONSULTATION_STATE_OPEN {
		return
	}
	var asked, answered bool
	for _, e := range history.Events {
		m, ok := e.Message.(*consultationv1.MessagePosted)
		switch {
		case !ok:
		case e.By.GetAgency() == c.Sender.GetAgency():
			asked, answered = false, false
		case m.GetAnswers():
			asked, answered = false, true
		case m.GetAsks():
			asked = true
		}
	}
	status := rules.Status(c, matter.Reader{Role: matter.RoleReceiver})
	turn := c.Holder().GetAgency()
	if answered || asked && status.GetDueBasis() == commonv1.DueBasis_DUE_BASIS_AGREED {
		turn = c.Sender.GetAgency()
	}
	waiting := status.GetPhase() == commonv1.LoopPhase_LOOP_PHASE_WAITING
	if status.GetWaitingOn().GetAgency() != turn || waiting != (asked || answered) {
		t.Fatalf("%s waits for %v in %s; asked %v, answered %v", c.Subject, status.GetWaitingOn(), status.GetPhase(), asked, answered)
	}
	if asked && !matter.IsUrgent(c.Consultation.GetUrgency()) && turn != c.Sender.GetAgency() {
		t.Fatalf("%s asks its asker, and waits for %v", c.Subject, status.GetWaitingOn())
	}
}
