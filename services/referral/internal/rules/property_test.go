package rules_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/services/referral/internal/rules"
)

// The invariants of the loops, under random commands by random parties.
func TestInvariants(t *testing.T) {
	rulestest.Invariants(t, func() *plain { return newTown().plain }, act, checkRedirects)
}

func act(t *rapid.T, w *plain) {
	rulestest.Act(t, w, func(t *rapid.T, w *plain) {
		from, to := rapid.SampledFrom(rulestest.Agencies()).Draw(t, "from"), rapid.SampledFrom(rulestest.Agencies()).Draw(t, "to")
		kind := rapid.SampledFrom([]referralv1.ReferralKind{service, transfer, notice}).Draw(t, "kind")
		urgency := commonv1.Urgency(rapid.IntRange(1, 3).Draw(t, "urgency"))
		_, _ = (&town{w}).send(from, to, kind, urgency)
	}, append(allSteps, hold), func(t *rapid.T, request proto.Message, _ string, _ matter.Actor) {
		switch m := request.(type) {
		case *referralv1.ScheduleAppointmentRequest:
			m.At = timestamppb.New(w.Now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "days")) * 24 * time.Hour))
		case *referralv1.TriageReferralRequest:
			m.Urgency = commonv1.Urgency(rapid.IntRange(1, 3).Draw(t, "judged"))
		}
	})
}

// checkRedirects: of a referral and those that it was redirected to, only one is ever
// accepted; one that is offered onward waits for a third that is there.
func checkRedirects(t *rapid.T, w *plain, changed map[string]matter.History[rules.Referral]) {
	for _, history := range changed {
		// Of what changed, and of what it was redirected from.
		for _, subject := range []string{history.State.Subject, history.State.RedirectedFrom} {
			checkRedirect(t, w, w.Histories[subject].State)
		}
	}
}

func checkRedirect(t *rapid.T, w *plain, r rules.Referral) {
	if !r.Onward.Pending {
		return
	}
	onward := w.Histories[r.Onward.Subject].State
	if onward.Ended() || onward.State == referralv1.ReferralState_REFERRAL_STATE_DECLINED {
		t.Fatalf("%s waits for %s, which is %s", r.Subject, r.Onward.Subject, onward.State)
	}
	if onward.State >= referralv1.ReferralState_REFERRAL_STATE_ACCEPTED && onward.State <= referralv1.ReferralState_REFERRAL_STATE_ON_HOLD {
		t.Fatalf("%s and %s both have it", r.Subject, r.Onward.Subject)
	}
}
