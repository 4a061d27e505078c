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

// The invariants of all matters hold under random commands by random parties.
func TestInvariants(t *testing.T) {
	rulestest.Invariants(t, func() *base { return newFixture().base }, act, checkRedirects)
}

func act(t *rapid.T, w *base) {
	rulestest.Act(t, w, func(t *rapid.T, w *base) {
		from, to := rapid.SampledFrom(rulestest.Agencies()).Draw(t, "from"), rapid.SampledFrom(rulestest.Agencies()).Draw(t, "to")
		kind := rapid.SampledFrom([]referralv1.ReferralKind{service, transfer, notice}).Draw(t, "kind")
		urgency := commonv1.Urgency(rapid.IntRange(1, 3).Draw(t, "urgency"))
		limit := rapid.SampledFrom([]*matter.Limit{nil, &ofRow, {WorkingDays: 9, UrgentWorkingDays: 3, Provision: "434/2003 § 23.3", UrgentProvision: "434/2003 § 23.4", FromArrival: true}}).Draw(t, "limit")
		_, _ = (&fixture{w}).sendWithin(limit, from, to, kind, urgency)
	}, append(allSteps, hold), func(t *rapid.T, request proto.Message, subject string, actor matter.Actor) {
		switch m := request.(type) {
		case *referralv1.ScheduleAppointmentRequest:
			m.At = timestamppb.New(w.Now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "days")) * 24 * time.Hour))
		case *referralv1.RequestInformationRequest:
			if rapid.Bool().Draw(t, "due") {
				m.DueAt = timestamppb.New(w.Now.Add(time.Duration(rapid.IntRange(-60, 30*24*60).Draw(t, "in minutes")) * time.Minute))
			}
		case *referralv1.ProvideInformationRequest:
			shown := answered(actor, w.View(actor.Agency, subject).State)
			m.InformationRequestId, m.Answer, m.Code = shown.GetInformationRequestId(), shown.GetAnswer(), shown.GetCode()
		case *referralv1.AddInformationRequest:
			if rapid.Bool().Draw(t, "more urgent") {
				m.Text, m.Urgency = "", commonv1.Urgency(rapid.IntRange(1, 3).Draw(t, "added"))
			}
		case *referralv1.TriageReferralRequest:
			m.Urgency = commonv1.Urgency(rapid.IntRange(1, 3).Draw(t, "judged"))
		}
	})
}

// checkRedirects checks that of a referral and the one that it was redirected to, only one is accepted,
// and that a pending redirect waits for a referral that can still be decided.
func checkRedirects(t *rapid.T, w *base, changed map[string]matter.History[rules.Referral]) {
	for _, history := range changed {
		// Check the changed referral and the one that it was redirected from.
		for _, subject := range []string{history.State.Subject, history.State.RedirectedFrom} {
			checkRedirect(t, w, w.Histories[subject].State)
		}
	}
}

func checkRedirect(t *rapid.T, w *base, r rules.Referral) {
	if !r.Onward.Pending {
		return
	}
	onward := w.Histories[r.Onward.Subject].State
	if onward.Ended() || onward.State == referralv1.ReferralState_REFERRAL_STATE_DECLINED {
		t.Fatalf("%s waits for %s, which is %s", r.Subject, r.Onward.Subject, onward.State)
	}
	if onward.State >= referralv1.ReferralState_REFERRAL_STATE_ACCEPTED && onward.State <= referralv1.ReferralState_REFERRAL_STATE_ON_HOLD {
		t.Fatalf("%s and %s are both accepted", r.Subject, r.Onward.Subject)
	}
}
