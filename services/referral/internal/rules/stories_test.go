package rules_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// A redirected referral always has a responsible party: the sender until the third agency accepts. If it
// declines, it is the redirector's turn again.
func TestRedirectedReferralKeepsAResponsibleParty(t *testing.T) {
	for name, test := range map[string]struct{ then, disclosed, turn string }{
		"accepted": {accept, "Sent Redirected RedirectAnswered", "ended"},
		"declined": {decline, "Sent Redirected RedirectAnswered", "kela/toimeentulotuki/kela-17 responsible, hva's turn until 30.11.2026 23.59"},
		"received": {receive, "Sent Redirected", "kela/toimeentulotuki/kela-17 responsible, terveys's turn until 26.11.2026 23.59"},
	} {
		t.Run(name, func(t *testing.T) {
			w, first := sent(t, service)
			w.take(t, "hva", first, redirect)
			second := w.onward(first)
			w.ExpectTurn(t, "terveys", second, "hva/tyoikaiset/ps-21 responsible, terveys's turn until 26.11.2026 23.59")
			w.take(t, "terveys", second, test.then)
			w.Expect(t, "kela", first, test.disclosed)
			w.ExpectTurn(t, "hva", first, test.turn)
			if w.Disclosed("kela", second) == "" {
				t.Error("the first sender is shown nothing of the second referral")
			}
		})
	}
}

// While a redirect is pending, the receiver cannot decide. A cancellation also cancels the offer.
func TestPendingRedirectBlocksDecisions(t *testing.T) {
	w, first := sent(t, service)
	w.take(t, "hva", first, redirect)
	for _, step := range []string{accept, decline, redirect} {
		if err := w.try("hva", first, w.Request(first, step, people["tyo"])); fault.ReasonOf(err) != fault.IllegalStep {
			t.Errorf("%s while a redirect is pending: %v", step, err)
		}
	}
	second := w.onward(first)
	w.take(t, "kela", first, cancel)
	w.Expect(t, "terveys", second, "Sent Cancelled")
	w.ExpectTurn(t, "hva", first, "ended")
}

// A referral that is redirected twice ends for the redirectors once it is accepted. The first sender
// sees its outcome.
func TestFirstSenderSeesOutcome(t *testing.T) {
	w, first := sent(t, service)
	w.take(t, "hva", first, redirect)
	second := w.onward(first)
	rulestest.Must(t, w.try("terveys", second, w.Request(second, redirect, people["tyo"])))
	third := w.onward(second)
	w.Expect(t, "kela", first, "Sent Redirected")
	w.take(t, "tyo", third, accept)
	w.ExpectTurn(t, "hva", first, "ended")
	w.ExpectTurn(t, "terveys", second, "ended")
	w.take(t, "tyo", third, complete)
	w.Expect(t, "kela", third, "Sent Accepted Completed")
	if back := (&referralv1.RedirectReferralRequest{Receiver: &commonv1.Party{Agency: "kela"}, Basis: rulestest.Consent(w.Now)}); fault.ReasonOf(w.tryNew("kela", "hva", back)) != fault.UnknownParty {
		t.Error("it was redirected to its sender")
	}
}

func (w *fixture) tryNew(from, to string, request proto.Message) error {
	subject, err := w.send(from, to, service, commonv1.Urgency_URGENCY_NORMAL)
	if err != nil {
		return err
	}
	return w.try(to, subject, request)
}

// After acceptance a cancellation is a request, which the receiver answers in three working days.
// Progress notes do not postpone the answer.
func TestCancellationAfterAcceptanceIsARequest(t *testing.T) {
	w, r := sent(t, service)
	w.take(t, "hva", r, accept)
	w.take(t, "kela", r, cancel)
	w.ExpectTurn(t, "kela", r, "hva/tyoikaiset/ps-21 responsible, hva's turn until 26.11.2026 23.59")
	w.take(t, "hva", r, note)
	w.ExpectTurn(t, "kela", r, "hva/tyoikaiset/ps-21 responsible, hva's turn until 26.11.2026 23.59")
	if err := w.try("hva", r, &referralv1.RefuseCancellationRequest{}); fault.ReasonOf(err) != fault.ExplanationRequired {
		t.Error(err)
	}
	w.take(t, "hva", r, refuse)
	w.ExpectTurn(t, "kela", r, "hva/tyoikaiset/ps-21 responsible, hva's turn until 23.12.2026 23.59")
	w.take(t, "kela", r, cancel)
	w.take(t, "hva", r, complete)
	w.ExpectTurn(t, "kela", r, "ended")
}

// The sender is informed at least every thirty days, or is shown that this is overdue.
func TestSenderIsInformedEveryThirtyDays(t *testing.T) {
	w, r := sent(t, service)
	w.take(t, "hva", r, accept)
	w.Pass(29 * 24 * time.Hour)
	w.Expect(t, "kela", r, "Sent Accepted")
	w.take(t, "hva", r, hold)
	if status := w.Rules.Status(w.View("kela", r).State, w.View("kela", r).Reader); !status.GetWaitingOnClient() || status.GetWaitingOn().GetAgency() != "hva" {
		t.Errorf("on hold: %v", status)
	}
	w.Pass(31 * 24 * time.Hour)
	w.Pass(31 * 24 * time.Hour)
	w.Expect(t, "kela", r, "Sent Accepted ProgressNoteAdded Overdue")
	w.take(t, "hva", r, note)
	w.Pass(31 * 24 * time.Hour)
	w.Expect(t, "hva", r, "Sent Accepted ProgressNoteAdded Overdue ProgressNoteAdded Overdue")
}

// A no-show is followed up in three working days. A result can be recorded only once the time of the
// appointment has come.
func TestNoShowIsFollowedUp(t *testing.T) {
	w, r := sent(t, service)
	w.take(t, "hva", r, accept)
	rulestest.Must(t, w.try("hva", r, &referralv1.ScheduleAppointmentRequest{At: timestamppb.New(w.Now.Add(48 * time.Hour))}))
	if err := w.try("hva", r, w.Request(r, result, people["terveys"])); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("before its time: %v", err)
	}
	id := w.Histories[r].State.Appointments[0].GetAppointmentId()
	w.Now = w.Now.Add(49 * time.Hour)
	w.take(t, "hva", r, result)
	w.ExpectTurn(t, "kela", r, "hva/tyoikaiset/ps-21 responsible, hva's turn until 30.11.2026 23.59")
	again := &referralv1.RecordAppointmentResultRequest{AppointmentId: id, Result: referralv1.AppointmentResult_APPOINTMENT_RESULT_ATTENDED}
	if err := w.try("hva", r, again); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("twice: %v", err)
	}
}

// The urgency sets the time in which the receiver must act.
func TestUrgency(t *testing.T) {
	w := newFixture()
	r, err := w.send("kela", "hva", service, commonv1.Urgency_URGENCY_EMERGENCY)
	rulestest.Must(t, err)
	w.ExpectTurn(t, "hva", r, "kela/toimeentulotuki/kela-17 responsible, hva's turn until 23.11.2026 10.00")
	w.Now = w.Now.Add(30 * time.Minute)
	// A receipt does not postpone the due time.
	w.take(t, "hva", r, receive)
	w.ExpectTurn(t, "hva", r, "kela/toimeentulotuki/kela-17 responsible, hva's turn until 23.11.2026 10.00")
	rulestest.Must(t, w.try("hva", r, &referralv1.TriageReferralRequest{Urgency: commonv1.Urgency_URGENCY_EMERGENCY}))
	w.ExpectTurn(t, "hva", r, "kela/toimeentulotuki/kela-17 responsible, hva's turn until 23.11.2026 10.30")
	rulestest.Must(t, w.try("hva", r, &referralv1.TriageReferralRequest{Urgency: commonv1.Urgency_URGENCY_NORMAL}))
	w.ExpectTurn(t, "hva", r, "kela/toimeentulotuki/kela-17 responsible, hva's turn until 30.11.2026 23.59")
}

// A step with missing or forbidden content is refused.
func TestContent(t *testing.T) {
	granted := &referralv1.CompleteReferralRequest{Outcome: referralv1.ReferralOutcome_REFERRAL_OUTCOME_BENEFIT_GRANTED}
	read := &referralv1.CompleteReferralRequest{Outcome: referralv1.ReferralOutcome_REFERRAL_OUTCOME_ACKNOWLEDGED}
	for name, test := range map[string]struct {
		kind    referralv1.ReferralKind
		request proto.Message
		reason  fault.Reason
	}{
		"a service does not end with a benefit": {service, granted, fault.InvalidField},
		"a transfer does":                       {transfer, granted, ""},
		"a service does not end by being read":  {service, read, fault.InvalidField},
		"a notice does":                         {notice, read, ""},
		"reassigned without a reason":           {service, &referralv1.ReassignReferralRequest{To: &commonv1.Party{Agency: "hva"}}, fault.ExplanationRequired},
		"reassigned to another agency":          {service, &referralv1.ReassignReferralRequest{To: &commonv1.Party{Agency: "tyo"}, Reason: "x"}, fault.UnknownParty},
		"an appointment in the past":            {service, &referralv1.ScheduleAppointmentRequest{At: &timestamppb.Timestamp{Seconds: 1}}, fault.InvalidField},
	} {
		w, r := sent(t, test.kind)
		w.take(t, "hva", r, accept)
		if err := w.try("hva", r, test.request); fault.ReasonOf(err) != test.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// If the sender revokes a redirected and accepted referral about the wrong person, every copy becomes a
// tombstone and each holder must acknowledge.
func TestEnteredInError(t *testing.T) {
	w, first := sent(t, service)
	w.take(t, "hva", first, redirect)
	second := w.onward(first)
	w.take(t, "terveys", second, accept)
	w.take(t, "kela", first, revoke)
	w.Expect(t, "terveys", second, "Sent Accepted EnteredInError")
	for agency, subject := range map[string]string{"hva": first, "terveys": second, "kela": second} {
		if state := w.View(agency, subject).State; state.Reason != "" || !state.IsRevoked() || state.Phase != commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN {
			t.Errorf("%s still has %s", agency, subject)
		}
	}
	w.take(t, "hva", first, acknowledge)
	w.Pass(4 * 24 * time.Hour)
	w.Expect(t, "kela", first, "Sent Redirected RedirectAnswered EnteredInError RevocationAcknowledged")
	w.Expect(t, "hva", second, "Sent Accepted EnteredInError RevocationOverdue")
	if holders := w.View("hva", second).State.Revocation.Pending(); len(holders) != 1 || holders[0] != "terveys" {
		t.Errorf("acknowledgements wait for %v", holders)
	}
	if err := w.try("kela", first, w.Request(first, revoke, people["terveys"])); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("revoked twice: %v", err)
	}
}
