package rules_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	"koppi.internal/services/consultation/internal/rules"
)

// urgently returns a consultation of an urgency about a client, which hva has taken.
func urgently(t *testing.T, urgency commonv1.Urgency) (*fixture, string) {
	t.Helper()
	w := newFixture()
	c, err := ask(w.base, people["kela"], people["hva"], "anna", urgency)
	rulestest.Must(t, err)
	w.Take(t, people["hva"], c, take)
	return w, c
}

func (w *fixture) expectPhase(t *testing.T, c string, want commonv1.LoopPhase) {
	t.Helper()
	for agency, view := range w.Histories[c].Views {
		if got := rules.Status(view.State, view.Reader).GetPhase(); got != want {
			t.Errorf("%s is shown %s, want %s", agency, got, want)
		}
	}
}

// Whoever is asked for advice asks back: the asker has the turn until it has written, and then the
// limit of the taker counts anew. In between, nothing else changes the turn.
func TestAskerIsAsked(t *testing.T) {
	w, c := urgently(t, commonv1.Urgency_URGENCY_NORMAL)
	for _, one := range []struct {
		by   matter.Actor
		step string
		turn string
	}{
		{people["hva"], asks, "hva/tyoikaiset/ps-21 responsible, kela's turn until 24.11.2026 23.59"},
		{people["hva"], post, "hva/tyoikaiset/ps-21 responsible, kela's turn until 24.11.2026 23.59"},
		{people["hva"], reassign, "hva/tyoikaiset/ps-99 responsible, kela's turn until 24.11.2026 23.59"},
		{people["hva"], invite, "hva/tyoikaiset/ps-99 responsible, kela's turn until 24.11.2026 23.59"},
		{people["terveys"], post, "hva/tyoikaiset/ps-99 responsible, kela's turn until 24.11.2026 23.59"},
	} {
		w.Take(t, one.by, c, one.step)
		for _, agency := range []string{"kela", "hva"} {
			w.ExpectTurn(t, agency, c, one.turn)
		}
		w.expectPhase(t, c, commonv1.LoopPhase_LOOP_PHASE_WAITING)
	}
	w.ExpectDue(t, "hva", c, "24.11.2026 23.59", commonv1.DueBasis_DUE_BASIS_AGREED, "")
	if got := w.View("kela", c).State; got.State() != consultationv1.ConsultationState_CONSULTATION_STATE_TAKEN {
		t.Errorf("the state is %s", got.State())
	}
	// A further question of the other side does not move the time until which the first waits.
	w.Now = w.Now.Add(24 * time.Hour)
	w.Take(t, rulestest.Colleague, c, asks)
	w.ExpectTurn(t, "terveys", c, "hva/tyoikaiset/ps-99 responsible, kela's turn until 24.11.2026 23.59")
	w.Now = w.Now.Add(24 * time.Hour)
	w.Pass(0)
	w.Take(t, people["kela"], c, post)
	for _, agency := range []string{"kela", "hva", "terveys"} {
		w.ExpectTurn(t, agency, c, "hva/tyoikaiset/ps-99 responsible, hva's turn until 26.11.2026 23.59")
	}
	w.ExpectDue(t, "hva", c, "26.11.2026 23.59", commonv1.DueBasis_DUE_BASIS_SERVICE_PROMISE, "")
	w.expectPhase(t, c, commonv1.LoopPhase_LOOP_PHASE_TAKEN)
	w.Pass(9 * 24 * time.Hour)
	w.Expect(t, "kela", c, "Opened Taken MessagePosted MessagePosted Reassigned ParticipantInvited MessagePosted MessagePosted Overdue MessagePosted Overdue")
	w.Expect(t, "terveys", c, "ParticipantInvited MessagePosted MessagePosted Overdue MessagePosted Overdue")
}

// An answer ends the question back to the asker too. After an answer, a question brings the asker's
// own limit forward, and never back.
func TestAskedAndAnswered(t *testing.T) {
	w, c := urgently(t, commonv1.Urgency_URGENCY_NORMAL)
	w.Take(t, people["hva"], c, asks)
	w.Take(t, people["hva"], c, answer)
	w.ExpectTurn(t, "kela", c, "hva/tyoikaiset/ps-21 responsible, kela's turn until 30.11.2026 23.59")
	w.ExpectDue(t, "hva", c, "30.11.2026 23.59", commonv1.DueBasis_DUE_BASIS_SERVICE_PROMISE, "")
	w.Take(t, people["hva"], c, asks)
	w.ExpectTurn(t, "kela", c, "hva/tyoikaiset/ps-21 responsible, kela's turn until 24.11.2026 23.59")
	if got := w.View("kela", c).State; got.State() != consultationv1.ConsultationState_CONSULTATION_STATE_ANSWERED {
		t.Errorf("the state is %s", got.State())
	}
	w.Take(t, people["kela"], c, post)
	w.ExpectTurn(t, "kela", c, "hva/tyoikaiset/ps-21 responsible, hva's turn until 24.11.2026 23.59")
	w.Take(t, people["hva"], c, answer)
	w.Now = time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	w.Take(t, people["hva"], c, asks)
	w.ExpectTurn(t, "kela", c, "hva/tyoikaiset/ps-21 responsible, kela's turn until 30.11.2026 23.59")
	w.Pass(9 * 24 * time.Hour)
	w.Take(t, people["hva"], c, asks)
	w.Pass(9 * 24 * time.Hour)
	w.Expect(t, "kela", c, "Opened Taken MessagePosted MessagePosted MessagePosted MessagePosted MessagePosted MessagePosted Overdue MessagePosted")
	w.Take(t, people["hva"], c, closing)
}

// In an emergency the asker has an hour, and the taker an hour from the question and from the reply. A
// question of a participant leaves the taker's hour as it was, and is shown once that is over.
func TestAskedInUrgentQuestion(t *testing.T) {
	w, c := urgently(t, commonv1.Urgency_URGENCY_EMERGENCY)
	expect := func(turn, due string, basis commonv1.DueBasis) {
		t.Helper()
		for _, agency := range []string{"kela", "hva"} {
			w.ExpectTurn(t, agency, c, "hva/tyoikaiset/ps-21 responsible, "+turn+"'s turn until "+due)
		}
		w.ExpectDue(t, "hva", c, due, basis, "")
	}
	w.Take(t, people["hva"], c, invite)
	w.Now = w.Now.Add(20 * time.Minute)
	w.Take(t, people["terveys"], c, asks)
	expect("hva", "23.11.2026 10.00", commonv1.DueBasis_DUE_BASIS_URGENCY)
	w.Now = w.Now.Add(5 * time.Minute)
	w.Take(t, people["hva"], c, asks)
	expect("kela", "23.11.2026 10.20", commonv1.DueBasis_DUE_BASIS_AGREED)
	w.Now = w.Now.Add(5 * time.Minute)
	w.Take(t, people["kela"], c, post)
	expect("hva", "23.11.2026 10.30", commonv1.DueBasis_DUE_BASIS_URGENCY)
	w.Now = w.Now.Add(5 * time.Minute)
	w.Take(t, people["hva"], c, asks)
	expect("kela", "23.11.2026 10.35", commonv1.DueBasis_DUE_BASIS_AGREED)
	w.Take(t, people["hva"], c, answer)
	expect("kela", "30.11.2026 23.59", commonv1.DueBasis_DUE_BASIS_SERVICE_PROMISE)
	w.Take(t, people["terveys"], c, asks)
	expect("kela", "23.11.2026 10.35", commonv1.DueBasis_DUE_BASIS_AGREED)
}

// The client is told that professionals answer each other while the asker is asked, also after a first
// answer.
func TestClientExpectsWhileAskerIsAsked(t *testing.T) {
	w, c := urgently(t, commonv1.Urgency_URGENCY_NORMAL)
	w.Now = w.Now.Add(24 * time.Hour)
	w.Take(t, people["hva"], c, asks)
	w.ExpectClient(t, c, "OTHERS_ANSWER by 25.11.2026 23.59 from hva/tyoikaiset")
	w.Take(t, people["hva"], c, answer)
	w.ExpectClient(t, c, "WORD by 1.12.2026 23.59 from hva/tyoikaiset")
	w.Take(t, people["hva"], c, asks)
	w.ExpectClient(t, c, "OTHERS_ANSWER by 25.11.2026 23.59 from hva/tyoikaiset")
}

// Only the other side asks the asker something, and not in the message that answers.
func TestWhoMayAskBack(t *testing.T) {
	w, c := urgently(t, commonv1.Urgency_URGENCY_NORMAL)
	for name, one := range map[string]struct {
		by      matter.Actor
		answers bool
	}{
		"by the asker": {people["kela"], false}, "with an answer": {people["hva"], true},
	} {
		err := w.Try(one.by, c, &consultationv1.PostMessageRequest{Text: "?", Asks: true, Answers: one.answers})
		if field := refusedField(err); fault.ReasonOf(err) != fault.InvalidField || field != "asks" {
			t.Errorf("%s: %v on %q", name, err, field)
		}
	}
	w.Take(t, people["hva"], c, asks)
	w.Take(t, people["kela"], c, closing)
}

// What is posted without a question is recorded as before there were any.
func TestPlainMessageIsRecordedAsBefore(t *testing.T) {
	w, c := urgently(t, commonv1.Urgency_URGENCY_NORMAL)
	w.Take(t, people["hva"], c, post)
	events := w.Histories[c].Events
	got, err := proto.MarshalOptions{Deterministic: true}.Marshal(events[len(events)-1].Message)
	rulestest.Must(t, err)
	posted := events[len(events)-1].Message.(*consultationv1.MessagePosted) //nolint:forcetypeassert // what a post records
	want, err := proto.MarshalOptions{Deterministic: true}.Marshal(&consultationv1.MessagePosted{MessageId: posted.GetMessageId(), Text: "Entä?"})
	rulestest.Must(t, err)
	if string(got) != string(want) {
		t.Errorf("recorded %x, want %x", got, want)
	}
}

// refusedField returns the field that a refusal names.
func refusedField(err error) string {
	var refused *fault.Error
	if !errors.As(err, &refused) {
		return ""
	}
	for _, detail := range refused.GRPCStatus().Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			return bad.GetFieldViolations()[0].GetField()
		}
	}
	return ""
}
