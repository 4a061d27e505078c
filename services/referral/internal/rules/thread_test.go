package rules_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/services/referral/internal/rules"
)

const (
	callUs     = commonv1.AnswerCode_ANSWER_CODE_CALL_US
	notNeeded  = commonv1.AnswerCode_ANSWER_CODE_NO_LONGER_NEEDED
	incomplete = referralv1.ReferralDeclineReason_REFERRAL_DECLINE_REASON_INCOMPLETE
)

// asks lets an agency ask for a lease, and returns the request's id.
func (w *fixture) asks(t *testing.T, agency, subject string) string {
	t.Helper()
	w.take(t, agency, subject, ask)
	requests := w.Histories[subject].State.Thread.Requests
	return requests[len(requests)-1].ID
}

func (w *fixture) answers(agency, subject, id string, code commonv1.AnswerCode) error {
	r := &referralv1.ProvideInformationRequest{InformationRequestId: id, Code: code}
	if code == 0 {
		r.Answer = "Oheisena."
	}
	return w.try(agency, subject, r)
}

// An application that lacks something is declined only after the sender was asked for it, and answered or let
// the time pass.
func TestIncompleteAsksFirst(t *testing.T) {
	declines := &referralv1.DeclineReferralRequest{Reason: incomplete, Explanation: "Vuokrasopimus puuttuu."}
	for name, test := range map[string]struct {
		before func(w *fixture, subject string)
		want   fault.Reason
	}{
		"at once": {func(*fixture, string) {}, fault.AskFirst},
		"asked":   {func(w *fixture, r string) { w.asks(t, "hva", r) }, fault.AskFirst},
		"asked, and no longer needed": {func(w *fixture, r string) {
			rulestest.Must(t, w.answers("hva", r, w.asks(t, "hva", r), notNeeded))
		}, fault.AskFirst},
		"the sender asked, and got an answer": {func(w *fixture, r string) { rulestest.Must(t, w.answers("hva", r, w.asks(t, "kela", r), 0)) }, fault.AskFirst},
		"answered":                            {func(w *fixture, r string) { rulestest.Must(t, w.answers("kela", r, w.asks(t, "hva", r), 0)) }, ""},
		"answered with a code": {func(w *fixture, r string) {
			rulestest.Must(t, w.answers("kela", r, w.asks(t, "hva", r), callUs))
		}, ""},
		"lapsed": {func(w *fixture, r string) { w.asks(t, "hva", r); w.Pass(5 * 24 * time.Hour) }, ""},
	} {
		w, r := sent(t, transfer)
		test.before(w, r)
		if err := w.try("hva", r, declines); fault.ReasonOf(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	w, r := sent(t, transfer)
	if err := w.try("hva", r, &referralv1.DeclineReferralRequest{Reason: incomplete}); fault.ReasonOf(err) != fault.ExplanationRequired {
		t.Errorf("without a word: %v", err)
	}
}

// The receiver's request gives the sender the turn, also after the acceptance, until the answer. The due time of
// the state counts from the answer; the day by which an application must be decided does not move.
func TestRequestHolds(t *testing.T) {
	w, r := sent(t, transfer)
	id := w.asks(t, "hva", r)
	w.Expect(t, "kela", r, "Sent Received InformationRequested")
	w.ExpectTurn(t, "hva", r, "kela/toimeentulotuki/kela-17 responsible, kela's turn until 26.11.2026 23.59")
	w.take(t, "hva", r, accept)
	if state := w.View("kela", r).State; state.Phase != commonv1.LoopPhase_LOOP_PHASE_WAITING {
		t.Errorf("after the acceptance it is %s", state.Phase)
	}
	day := w.Histories[r].State.Statutory
	w.Pass(24 * time.Hour)
	rulestest.Must(t, w.answers("kela", r, id, 0))
	if state := w.Histories[r].State; state.Phase != commonv1.LoopPhase_LOOP_PHASE_TAKEN || !state.Statutory.Equal(day) || day.IsZero() {
		t.Errorf("after the answer it is %s, to be decided by %s", state.Phase, state.Statutory)
	}
	if missing := w.View("hva", r).State.Thread.Requests[0].Missing; len(missing) != 1 || missing[0] != "lease" {
		t.Errorf("missing: %v", missing)
	}
	w.ExpectTurn(t, "hva", r, "hva/tyoikaiset/ps-21 responsible, hva's turn until 2.12.2026 23.59")
}

// A long wait for an answer does not hide the day by which an application must be decided.
func TestStatutoryDayNeverRests(t *testing.T) {
	w, r := sent(t, transfer)
	late := timestamppb.New(w.Now.AddDate(0, 0, 28))
	rulestest.Must(t, w.try("hva", r, &referralv1.RequestInformationRequest{Papers: []string{"lease"}, DueAt: late}))
	w.ExpectTurn(t, "hva", r, "kela/toimeentulotuki/kela-17 responsible, hva's turn until 2.12.2026 23.59")
	w, r = sent(t, service)
	rulestest.Must(t, w.try("hva", r, &referralv1.RequestInformationRequest{Papers: []string{"lease"}, DueAt: late}))
	w.ExpectTurn(t, "hva", r, "kela/toimeentulotuki/kela-17 responsible, kela's turn until 21.12.2026 09.00")
}

// A request that lapsed holds nothing, both sides are told once, and a late answer moves nothing.
func TestReferralRequestLapses(t *testing.T) {
	w, r := sent(t, service)
	id := w.asks(t, "hva", r)
	w.Pass(5 * 24 * time.Hour)
	for _, agency := range []string{"hva", "kela"} {
		w.Expect(t, agency, r, "Sent Received InformationRequested Overdue")
		overdue := w.Mail[agency][len(w.Mail[agency])-1].Event.Message.(*referralv1.ReferralOverdue)
		if overdue.GetInformationRequestId() != id {
			t.Errorf("%s is told %v", agency, overdue)
		}
	}
	w.ExpectTurn(t, "kela", r, "kela/toimeentulotuki/kela-17 responsible, hva's turn until 3.12.2026 23.59")
	rulestest.Must(t, w.answers("kela", r, id, 0))
	w.ExpectTurn(t, "hva", r, "kela/toimeentulotuki/kela-17 responsible, hva's turn until 3.12.2026 23.59")
	if one := w.View("kela", r).State.Thread.Requests[0]; !one.Lapsed || !one.IsAnswered() {
		t.Errorf("%v", one)
	}
}

// The sender's request holds nothing: the referral goes on, and shows the earlier of the due times.
func TestSendersRequestHoldsNothing(t *testing.T) {
	w, r := sent(t, service)
	w.take(t, "hva", r, accept)
	w.asks(t, "kela", r)
	w.ExpectTurn(t, "kela", r, "hva/tyoikaiset/ps-21 responsible, hva's turn until 26.11.2026 23.59")
	if state := w.View("kela", r).State; state.Phase != commonv1.LoopPhase_LOOP_PHASE_TAKEN || state.Thread.Holding != "" {
		t.Errorf("it is %s", state.Phase)
	}
	if w.Histories[r].State.Clock.Touched == false {
		t.Error("the acceptance was no touch")
	}
}

// The sender's question is no sign that a person at the receiver handled an urgent referral.
func TestSendersQuestionIsNoTouch(t *testing.T) {
	w := newFixture()
	r, err := w.send("kela", "hva", service, emergency)
	rulestest.Must(t, err)
	bound := w.Histories[r].State.Clock
	w.Pass(30 * time.Minute)
	w.asks(t, "kela", r)
	if clock := w.Histories[r].State.Clock; clock.Touched || !clock.Bound.Equal(bound.Bound) {
		t.Errorf("%v became %v", bound, clock)
	}
	w.asks(t, "hva", r)
	if clock := w.Histories[r].State.Clock; !clock.Touched {
		t.Error("the receiver's question is none")
	}
}

// Redirecting ends the waiting; what was asked stays open. While a referral is offered onward nobody asks on it, and
// what the sender adds reaches the third agency, and the fourth, with the unit on call there.
func TestOfferedOnward(t *testing.T) {
	w, r := sent(t, service)
	id := w.asks(t, "hva", r)
	w.take(t, "hva", r, redirect)
	if state := w.View("kela", r).State; state.Phase != commonv1.LoopPhase_LOOP_PHASE_RECEIVED || state.Thread.Holding != "" {
		t.Errorf("it is %s", state.Phase)
	}
	for _, agency := range []string{"kela", "hva"} {
		if err := w.try(agency, r, &referralv1.RequestInformationRequest{Question: "Milloin?"}); fault.ReasonOf(err) != fault.IllegalStep {
			t.Errorf("%s asks: %v", agency, err)
		}
	}
	rulestest.Must(t, w.answers("kela", r, id, 0))
	third := w.onward(r)
	rulestest.Must(t, w.try("terveys", third, &referralv1.RedirectReferralRequest{
		Receiver: &commonv1.Party{Agency: "tyo"}, Basis: rulestest.Consent(w.Now), Explanation: "sinne",
	}))
	fourth := w.onward(third)
	standby := &commonv1.Party{Agency: "tyo", Unit: "paivystys"}
	rulestest.Must(t, w.Do(rules.Command{
		Actor: people["kela"], Subject: r, Facts: rules.Facts{OnCallFor: map[string]*commonv1.Party{fourth: standby}},
		Request: &referralv1.AddInformationRequest{Text: "Hakija muutti.", Urgency: emergency},
	}))
	for _, subject := range []string{r, third, fourth} {
		state := w.Histories[subject].State
		if len(state.Additions) != 1 || state.Additions[0].GetText() != "Hakija muutti." || state.Clock.Urgency != emergency {
			t.Errorf("%s has %v and is %s", subject, state.Additions, state.Clock.Urgency)
		}
		if called := state.OnCall.Unit != nil; called != (subject == fourth) {
			t.Errorf("%s has %v on call", subject, state.OnCall.Unit)
		}
	}
	if state := w.View("kela", fourth).State; len(state.Additions) != 1 || state.OnCall.Unit != nil {
		t.Errorf("the first sender reads %v", state.Additions)
	}
	// What the receiver adds is for its own sender alone.
	rulestest.Must(t, w.try("hva", r, &referralv1.AddInformationRequest{Text: "Odotamme."}))
	if len(w.Histories[third].State.Additions) != 1 {
		t.Error("the receiver's addition went onward")
	}
	// A declined offer takes nothing more.
	w.take(t, "tyo", fourth, decline)
	rulestest.Must(t, w.try("kela", r, &referralv1.AddInformationRequest{Text: "Vielä."}))
	if len(w.Histories[third].State.Additions) != 2 || len(w.Histories[fourth].State.Additions) != 1 {
		t.Error("what was declined got an addition, or what is offered got none")
	}
}

func TestReferralAdditionsFit(t *testing.T) {
	w, r := sent(t, service)
	for name, test := range map[string]struct {
		by      string
		request *referralv1.AddInformationRequest
		want    fault.Reason
	}{
		"nothing":                   {"kela", &referralv1.AddInformationRequest{}, fault.InvalidField},
		"as urgent as before":       {"kela", &referralv1.AddInformationRequest{Urgency: commonv1.Urgency_URGENCY_NORMAL}, fault.InvalidField},
		"urgency, by the receiver":  {"hva", &referralv1.AddInformationRequest{Urgency: emergency}, fault.InvalidField},
		"words, by the receiver":    {"hva", &referralv1.AddInformationRequest{Text: "Odotamme."}, ""},
		"more urgent, by the other": {"kela", &referralv1.AddInformationRequest{Urgency: emergency}, ""},
	} {
		if err := w.try(test.by, r, test.request); fault.ReasonOf(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if err := w.try("hva", r, &referralv1.RequestInformationRequest{}); fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("asks for nothing: %v", err)
	}
	rulestest.Must(t, w.Try(matter.Actor{Agency: "kela", Automatic: true}, r, &referralv1.AddInformationRequest{Text: "Lisää."}))
	w.take(t, "hva", r, decline)
	for _, step := range rules.Allowed(w.View("kela", r), people["kela"]) {
		if step == add || step == ask || step == provide {
			t.Errorf("on a declined referral the sender may take %s", step)
		}
	}
}

// A request to cancel that is open when the receiver asks is answered in three working days after the answer.
func TestCancellationCountsAnew(t *testing.T) {
	w, r := sent(t, service)
	w.take(t, "hva", r, accept)
	w.take(t, "kela", r, cancel)
	id := w.asks(t, "hva", r)
	w.Pass(24 * time.Hour)
	rulestest.Must(t, w.answers("kela", r, id, 0))
	w.ExpectTurn(t, "hva", r, "hva/tyoikaiset/ps-21 responsible, hva's turn until 27.11.2026 23.59")
}

// The sender's answer lets the clock of an urgent referral count anew; that the receiver needs none does not.
func TestAnswerOfAnUrgentReferral(t *testing.T) {
	w := newFixture()
	r, err := w.send("kela", "hva", service, emergency)
	rulestest.Must(t, err)
	id := w.asks(t, "hva", r)
	asked := w.Histories[r].State.Clock.Bound
	w.Pass(10 * time.Minute)
	rulestest.Must(t, w.answers("hva", r, id, notNeeded))
	if bound := w.Histories[r].State.Clock.Bound; !bound.Equal(asked) {
		t.Errorf("after the end of the question it counts until %s, not %s", bound, asked)
	}
	id = w.asks(t, "hva", r)
	w.Pass(10 * time.Minute)
	rulestest.Must(t, w.answers("kela", r, id, 0))
	if bound := w.Histories[r].State.Clock.Bound; !bound.Equal(w.Histories[r].LastAt().Add(time.Hour)) {
		t.Errorf("after the answer it counts until %s", bound)
	}
}

// Nothing of an urgent referral rests: a request to cancel stays due.
func TestUrgentCancellationStaysDue(t *testing.T) {
	w := newFixture()
	r, err := w.send("kela", "hva", service, urgent)
	rulestest.Must(t, err)
	w.take(t, "hva", r, accept)
	w.take(t, "kela", r, cancel)
	w.Pass(72 * time.Hour)
	w.take(t, "hva", r, note)
	rulestest.Must(t, w.try("hva", r, &referralv1.RequestInformationRequest{Question: "Miksi?"}))
	w.ExpectTurn(t, "hva", r, "hva/tyoikaiset/ps-21 responsible, hva's turn until 26.11.2026 23.59")
}

// A more urgent addition leaves an earlier time by which the referral is received, and calls nobody twice.
func TestMoreUrgentReferral(t *testing.T) {
	w, r := sent(t, service)
	w.Pass(time.Date(2026, 11, 26, 21, 30, 0, 0, time.UTC).Sub(w.Now))
	due := w.Histories[r].State.Due
	rulestest.Must(t, w.try("kela", r, &referralv1.AddInformationRequest{Urgency: emergency}))
	if bound := w.Histories[r].State.Clock.Bound; !bound.Equal(due) {
		t.Errorf("received by %s, before the addition by %s", bound, due)
	}
	w, r = sent(t, service)
	standby := &commonv1.Party{Agency: "hva", Unit: "paivystys"}
	w.take(t, "hva", r, receive)
	add := &referralv1.AddInformationRequest{Urgency: emergency}
	facts := rules.Facts{OnCallFor: map[string]*commonv1.Party{r: standby}}
	rulestest.Must(t, w.Do(rules.Command{Actor: people["kela"], Subject: r, Facts: facts, Request: add}))
	if called := w.Histories[r].State.OnCall; called.Unit.GetUnit() != "paivystys" {
		t.Errorf("%v is called", called)
	}
	if state := w.View("kela", r).State; state.OnCall.Unit != nil || state.Urgency != emergency {
		t.Errorf("the sender is shown %v", state.OnCall.Unit)
	}
}

// What a third agency judged an emergency already calls nobody there again.
func TestAdditionCallsNobodyTwice(t *testing.T) {
	w, r := sent(t, service)
	w.take(t, "hva", r, redirect)
	third := w.onward(r)
	w.take(t, "terveys", third, receive)
	rulestest.Must(t, w.try("terveys", third, &referralv1.TriageReferralRequest{Urgency: emergency}))
	standby := &commonv1.Party{Agency: "terveys", Unit: "paivystys"}
	rulestest.Must(t, w.Do(rules.Command{
		Actor: people["kela"], Subject: r, Facts: rules.Facts{OnCallFor: map[string]*commonv1.Party{third: standby}},
		Request: &referralv1.AddInformationRequest{Urgency: emergency},
	}))
	if called := w.Histories[third].State.OnCall.Unit; called != nil {
		t.Errorf("%v is called", called)
	}
}

// A declined referral waits for its sender to send it elsewhere, not for an answer.
func TestDeclineEndsTheWaiting(t *testing.T) {
	w, r := sent(t, service)
	w.asks(t, "hva", r)
	w.Pass(24 * time.Hour)
	w.take(t, "hva", r, decline)
	w.ExpectTurn(t, "kela", r, "kela/toimeentulotuki/kela-17 responsible, kela's turn until 27.11.2026 23.59")
}

// What the sides ask each other tells the client whom it waits for, and shortens no other time.
func TestReferralsClientExpectsByTheState(t *testing.T) {
	expect := func(w *fixture, r string) matter.Expectation { return rules.Expected(w.Histories[r].State, w.Now) }
	w, r := sent(t, service)
	w.take(t, "hva", r, receive)
	before := expect(w, r)
	w.asks(t, "kela", r)
	if after := expect(w, r); after != before {
		t.Errorf("after the sender's question the client expects %v, before %v", after, before)
	}
	w.asks(t, "hva", r)
	if after := expect(w, r); after.What != commonv1.ClientExpectation_CLIENT_EXPECTATION_OTHERS_ANSWER {
		t.Errorf("while the sender must answer the client expects %v", after)
	}
}
