package rules_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// The receiver's request rests the due time of the state, but not a day that the law sets, nor anything of an
// urgent concern. The reporter's rests nothing.
func TestWhatRests(t *testing.T) {
	late := timestamppb.New(time.Date(2026, 12, 20, 10, 0, 0, 0, time.UTC))
	for name, test := range map[string]struct {
		client  string
		urgency commonv1.Urgency
		by      string
		want    string
	}{
		"normal":                        {"bo", normalUrgency, "hva", "hva/tyoikaiset/ps-21 responsible, kela's turn until 20.12.2026 12.00"},
		"over 75":                       {"anna", normalUrgency, "hva", "hva/tyoikaiset/ps-21 responsible, hva's turn until 2.12.2026 23.59"},
		"urgent":                        {"bo", urgently, "hva", "hva/tyoikaiset/ps-21 responsible, kela's turn until 24.11.2026 23.59"},
		"normal, asked by the reporter": {"bo", normalUrgency, "kela", "hva/tyoikaiset/ps-21 responsible, hva's turn until 2.12.2026 23.59"},
	} {
		w := newFixture()
		c, err := w.submitUrgent("kela", "hva", test.client, consent(w.Now), test.urgency)
		must(t, err)
		w.take(t, "hva", c, take)
		must(t, w.step(test.by, c, &concernv1.RequestInformationRequest{Question: "Milloin?", DueAt: late}))
		if got := w.Turn("hva", c); got != test.want {
			t.Errorf("%s: %s; want %s", name, got, test.want)
		}
	}
	w, c := reported(t, consent, take)
	if err := w.step("hva", c, &concernv1.RequestInformationRequest{Question: "Milloin?", DueAt: timestamppb.New(w.Now.AddDate(0, 0, 32))}); fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("over 30 days ahead: %v", err)
	}
}

// The due time of a request goes by the urgency that the reporter was shown, not by the receiver's judgement.
func TestDueTimeTellsNoJudgement(t *testing.T) {
	w, c := reported(t, helped, receive)
	must(t, w.step("hva", c, &concernv1.TriageConcernRequest{Urgency: emergencyUrgency}))
	w.asks(t, "hva", c)
	w.ExpectTurn(t, "kela", c, "hva// responsible, kela's turn until 26.11.2026 23.59")
	if due := w.statusFor("hva", c).GetDueAt().AsTime(); due.After(w.Now.Add(time.Hour)) {
		t.Errorf("an emergency waits until %s", due)
	}
}

// A request whose due time passes has lapsed: both sides are told once, nothing waits for it, the state's due
// time counts from then, and a late answer changes nothing.
func TestRequestLapses(t *testing.T) {
	w, c := reported(t, consent, take)
	id := w.asks(t, "hva", c)
	w.Pass(4 * 24 * time.Hour)
	for _, agency := range []string{"hva", "kela"} {
		w.Expect(t, agency, c, "Submitted Taken InformationRequested Overdue")
		overdue := lastTold(w, agency).(*concernv1.ConcernOverdue)
		if overdue.GetInformationRequestId() != id {
			t.Errorf("%s is told %v", agency, overdue)
		}
		w.ExpectTurn(t, agency, c, "hva/tyoikaiset/ps-21 responsible, hva's turn until 7.12.2026 23.59")
	}
	if requests := w.View("kela", c).State.Thread.Requests; !requests[0].Lapsed || requests[0].IsAnswered() {
		t.Errorf("%v", requests)
	}
	again := w.asks(t, "hva", c) // a lapsed request is in nobody's way
	must(t, w.step("hva", c, coded(again, notNeeded)))
	before := w.Turn("hva", c)
	w.Pass(time.Minute)
	must(t, w.step("kela", c, said(id, "Eilen.")))
	if after := w.Turn("hva", c); after != before {
		t.Errorf("the late answer changed %s to %s", before, after)
	}
	if one := w.View("hva", c).State.Thread.Requests[0]; !one.Lapsed || one.Answer != "Eilen." {
		t.Errorf("%v", one)
	}
}

// The reporter's request lapses beside the due times of the state, whether it is shown or not.
func TestReportersRequestLapses(t *testing.T) {
	w, c := reported(t, consent, take)
	late := timestamppb.New(time.Date(2026, 12, 10, 10, 0, 0, 0, time.UTC))
	must(t, w.step("kela", c, &concernv1.RequestInformationRequest{Question: "Miten hän voi?", DueAt: late}))
	w.Pass(10 * 24 * time.Hour)
	w.Pass(10 * 24 * time.Hour)
	for _, agency := range []string{"hva", "kela"} {
		w.Expect(t, agency, c, "Submitted Taken InformationRequested Overdue Overdue")
		if overdue := lastTold(w, agency).(*concernv1.ConcernOverdue); overdue.GetInformationRequestId() == "" || !overdue.GetDueAt().AsTime().Equal(late.AsTime()) {
			t.Errorf("%s is told %v", agency, overdue)
		}
	}
	if _, open := w.Histories[c].State.Thread.OpenFrom(matter.RoleSender); open {
		t.Error("it is open")
	}
}

// An ended or declined concern lapses nothing.
func TestNothingLapsesAfterTheEnd(t *testing.T) {
	for _, end := range []string{closing, decline} {
		w, c := reported(t, consent, receive)
		w.asks(t, "hva", c)
		w.take(t, "hva", c, end)
		w.Pass(5 * 24 * time.Hour)
		for _, one := range w.Histories[c].State.Thread.Requests {
			if one.Lapsed {
				t.Errorf("after %s it lapsed", end)
			}
		}
	}
}

// A change of state ends the waiting in the views that are told of it; the request stays open in all.
func TestWaitingEndsByAStepThatIsTold(t *testing.T) {
	w, c := reported(t, topics, take)
	id := w.asks(t, "hva", c)
	w.take(t, "hva", c, assess)
	if state := w.View("hva", c).State; state.Shown() != concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT {
		t.Errorf("the receiver is shown %s", state.Shown())
	}
	if state := w.View("kela", c).State; state.Shown() != concernv1.ConcernState_CONCERN_STATE_INFORMATION_REQUESTED {
		t.Errorf("the reporter is shown %s", state.Shown())
	}
	if err := w.step("hva", c, question("Entä?")); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("asks anew: %v", err)
	}
	must(t, w.step("kela", c, said(id, "Eilen.")))
	w.asks(t, "hva", c)
}

// What is urgent goes on while the receiver asks: a person's next attempt stays due.
func TestNothingUrgentRests(t *testing.T) {
	w := newFixture()
	c, err := w.submitUrgent("kela", "hva", "bo", consent(w.Now), urgently)
	must(t, err)
	w.take(t, "hva", c, take)
	must(t, w.step("hva", c, &concernv1.RecordContactAttemptRequest{
		Result: concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED, NextAttemptAt: timestamppb.New(w.Now.Add(2 * time.Hour)),
	}))
	w.asks(t, "hva", c)
	w.ExpectTurn(t, "hva", c, "hva/tyoikaiset/ps-21 responsible, hva's turn until 23.11.2026 11.00")
}

// The reporter's question is no sign that a person at the receiver handled an urgent concern; its answer is, and
// that the receiver no longer needs one is not.
func TestTouchesOfAThread(t *testing.T) {
	w := newFixture()
	c, err := w.submitUrgent("kela", "hva", "bo", consent(w.Now), emergencyUrgency)
	must(t, err)
	w.Pass(10 * time.Minute)
	w.asks(t, "kela", c)
	if clock := w.Histories[c].State.Clock; clock.Touched || !clock.Bound.Equal(w.Histories[c].State.Started.Add(time.Hour)) {
		t.Errorf("after the reporter's question: %v", clock)
	}
	id := w.asks(t, "hva", c)
	asked := w.Histories[c].State.Clock.Bound
	w.Pass(10 * time.Minute)
	must(t, w.step("hva", c, coded(id, notNeeded)))
	if bound := w.Histories[c].State.Clock.Bound; !bound.Equal(asked) {
		t.Errorf("after the end of the question it counts from %s, not %s", bound, asked)
	}
	id = w.asks(t, "hva", c)
	w.Pass(10 * time.Minute)
	must(t, w.step("kela", c, said(id, "Eilen.")))
	if bound := w.Histories[c].State.Clock.Bound; !bound.Equal(w.Histories[c].LastAt().Add(time.Hour)) {
		t.Errorf("after the answer it counts until %s", bound)
	}
}

// A day that the law sets is not counted anew by an answer, also if it has passed.
func TestAnswerMovesNoStatutoryDay(t *testing.T) {
	w := newFixture()
	c, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "hva", c, take)
	must(t, w.step("hva", c, &concernv1.RequestInformationRequest{Question: "Milloin?", DueAt: timestamppb.New(w.Now.AddDate(0, 0, 20))}))
	w.Pass(15 * 24 * time.Hour)
	must(t, w.step("kela", c, said(w.Histories[c].State.Thread.Holding, "Eilen.")))
	if status := w.statusFor("hva", c); !status.GetOverdue() || status.GetDueBasis() != commonv1.DueBasis_DUE_BASIS_STATUTORY {
		t.Errorf("%v", status)
	}
}

// Questions from before lapsing fold as they did: they do not lapse, block the next while the reporter sees
// them as open, and end by a step.
func TestQuestionsBeforeLapsing(t *testing.T) {
	w, c := reported(t, consent, take)
	due := w.Now.Add(24 * time.Hour)
	ask := func(id string) {
		must(t, w.Append([]matter.Event{{
			Subject: c, By: people["hva"].Party(), At: w.Now, Basis: w.Histories[c].State.Basis, Client: "bo", Case: w.Histories[c].State.Case,
			Message: &concernv1.InformationRequested{InformationRequestId: id, Question: "Milloin?", DueAt: timestamppb.New(due)},
		}}))
	}
	ask("old-1")
	w.ExpectTurn(t, "kela", c, "hva/tyoikaiset/ps-21 responsible, kela's turn until 24.11.2026 09.02")
	w.Pass(48 * time.Hour)
	if one := w.Histories[c].State.Thread.Requests[0]; one.Lapsed || !w.View("hva", c).State.Thread.CanAnswer(one) {
		t.Errorf("%v", one)
	}
	if err := w.step("hva", c, question("Entä?")); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("asks anew: %v", err)
	}
	must(t, w.step("kela", c, said("old-1", "Eilen.")))
	w.ExpectTurn(t, "hva", c, "hva/tyoikaiset/ps-21 responsible, hva's turn until 4.12.2026 23.59")
	ask("old-2")
	w.take(t, "hva", c, assess)
	if err := w.step("kela", c, said("old-2", "Eilen.")); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("answers a question that a step closed: %v", err)
	}
	w.asks(t, "hva", c)
}

// A question from before lapsing blocks the next also after a step that the reporter was not told.
func TestHiddenStepKeepsOldQuestion(t *testing.T) {
	w, c := reported(t, topics, take)
	must(t, w.Append([]matter.Event{{
		Subject: c, By: people["hva"].Party(), At: w.Now, Basis: w.Histories[c].State.Basis, Client: "bo", Case: w.Histories[c].State.Case,
		Message: &concernv1.InformationRequested{InformationRequestId: "old", Question: "Milloin?", DueAt: timestamppb.New(w.Now.Add(time.Hour))},
	}}))
	w.take(t, "hva", c, assess)
	if err := w.step("hva", c, question("Entä?")); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("asks anew: %v", err)
	}
}

// What the sides ask each other tells the client whom it waits for, and shortens no other time.
func TestClientExpectsByTheState(t *testing.T) {
	expect := func(w *fixture, c string) matter.Expectation { return rules.Expected(w.Histories[c].State, w.Now) }
	w, c := reported(t, consent, take)
	before := expect(w, c)
	w.asks(t, "kela", c)
	if after := expect(w, c); after != before {
		t.Errorf("after the reporter's question the client expects %v, before %v", after, before)
	}
	w.asks(t, "hva", c)
	if after := expect(w, c); after.What != commonv1.ClientExpectation_CLIENT_EXPECTATION_OTHERS_ANSWER {
		t.Errorf("while the reporter must answer the client expects %v", after)
	}
}
