package rules_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	"koppi.internal/services/consultation/internal/rules"
)

// A question is answered, a further question is asked and answered, and the consultation is closed with
// what it led to.
func TestTurnsOfQuestionAndAnswer(t *testing.T) {
	w, c := asked(t)
	w.ExpectTurn(t, "kela", c, "kela/toimeentulotuki/kela-17 responsible, hva's turn until 23.11.2026 13.00")
	w.Take(t, people["hva"], c, take)
	w.ExpectTurn(t, "kela", c, "hva/tyoikaiset/ps-21 responsible, hva's turn until 24.11.2026 23.59")
	w.Take(t, people["hva"], c, answer)
	w.ExpectTurn(t, "kela", c, "hva/tyoikaiset/ps-21 responsible, kela's turn until 30.11.2026 23.59")
	w.Take(t, people["kela"], c, post)
	w.ExpectTurn(t, "kela", c, "hva/tyoikaiset/ps-21 responsible, hva's turn until 24.11.2026 23.59")
	w.Take(t, people["hva"], c, answer)
	w.Pass(8 * 24 * time.Hour)
	w.Expect(t, "hva", c, "Opened Taken MessagePosted MessagePosted MessagePosted Overdue")
	led := "referrals/01234567-89ab-7def-8123-456789abcdef"
	rulestest.Must(t, w.Try(people["kela"], c, &consultationv1.CloseConsultationRequest{LedTo: led}))
	if got := w.View("hva", c).State.Consultation; got.GetLedTo() != led || len(got.GetMessages()) != 4 {
		t.Errorf("%v", got)
	}
}

// A second worker who takes a question learns who took it first.
func TestSecondTakeNamesFirstWorker(t *testing.T) {
	w, c := asked(t)
	w.Take(t, people["hva"], c, take)
	err := w.Try(rulestest.Colleague, c, &consultationv1.TakeConsultationRequest{})
	var refused *fault.Error
	if !errors.As(err, &refused) || refused.Reason() != fault.IllegalStep {
		t.Fatal(err)
	}
	for _, detail := range refused.GRPCStatus().Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetMetadata()["taken_by_worker"] != "ps-21" {
			t.Errorf("metadata %v", info.GetMetadata())
		}
	}
	if err := w.Try(rulestest.Elsewhere, c, &consultationv1.TakeConsultationRequest{}); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("taken by a unit that was not asked: %v", err)
	}
}

// A question must be taken within office hours; an emergency at any hour.
func TestUrgency(t *testing.T) {
	w := newFixture()
	w.Now = time.Date(2026, 11, 27, 17, 0, 0, 0, time.UTC) // a Friday evening
	for urgency, want := range map[commonv1.Urgency]string{
		commonv1.Urgency_URGENCY_NORMAL:    "kela/toimeentulotuki/kela-17 responsible, hva's turn until 30.11.2026 12.00",
		commonv1.Urgency_URGENCY_EMERGENCY: "kela/toimeentulotuki/kela-17 responsible, hva's turn until 27.11.2026 19.15",
	} {
		c, err := ask(w.base, people["kela"], people["hva"], "", urgency)
		rulestest.Must(t, err)
		w.ExpectTurn(t, "kela", c, want)
	}
}

// An invited agency reads the conversation from its beginning, and follows it from there.
func TestInvitedAgencyReadsWholeConversation(t *testing.T) {
	w, c := asked(t)
	w.Take(t, people["hva"], c, take)
	w.Take(t, people["hva"], c, answer)
	w.Pass(10 * 24 * time.Hour)
	w.Take(t, people["hva"], c, invite)
	w.Take(t, people["terveys"], c, post)
	w.Expect(t, "terveys", c, "ParticipantInvited MessagePosted")
	theirs, ours := w.View("terveys", c), w.View("kela", c)
	if !proto.Equal(theirs.State.Consultation, ours.State.Consultation) {
		t.Errorf("the invited agency sees %v, the asker %v", theirs.State.Consultation, ours.State.Consultation)
	}
	if a, b := rules.Status(theirs.State, theirs.Reader), rules.Status(ours.State, ours.Reader); !proto.Equal(a, b) || !a.GetOverdue() {
		t.Errorf("the status is %v for the one, %v for the other", a, b)
	}
}

// A step with missing or forbidden content is refused.
func TestContent(t *testing.T) {
	own := people["hva"].Party()
	for name, test := range map[string]struct {
		request proto.Message
		reason  fault.Reason
	}{
		"reassigned to another agency":     {&consultationv1.ReassignConsultationRequest{To: people["tyo"].Party(), Reason: "x"}, fault.UnknownParty},
		"reassigned without a reason":      {&consultationv1.ReassignConsultationRequest{To: own}, fault.ExplanationRequired},
		"reassigned to a queue once taken": {&consultationv1.ReassignConsultationRequest{To: &commonv1.Party{Agency: "hva"}, Reason: "x"}, fault.UnknownParty},
		"a party invited again":            {&consultationv1.InviteParticipantRequest{Participant: people["kela"].Party(), Basis: noData()}, fault.InvalidField},
		"invited without a ground":         {&consultationv1.InviteParticipantRequest{Participant: people["tyo"].Party()}, fault.LegalBasisRequired},
		"closed before it answered":        {&consultationv1.CloseConsultationRequest{}, fault.IllegalStep},
	} {
		w, c := asked(t)
		w.Take(t, people["hva"], c, take)
		if err := w.Try(people["hva"], c, test.request); fault.ReasonOf(err) != test.reason {
			t.Errorf("%s: %v", name, err)
		}
		if err := w.Try(people["kela"], c, w.Request(c, answer, people["tyo"])); fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("answered by the asker: %v", err)
		}
	}
	w := newFixture()
	named := rules.Command{Actor: people["kela"], Client: "anna", Facts: rules.Facts{Party: own}, Request: &consultationv1.OpenConsultationRequest{
		Addressee: own, Basis: noData(), Question: "?",
	}}
	if _, err := w.Begin(named); fault.ReasonOf(err) != fault.LegalBasisRequired {
		t.Errorf("about a client, on the ground of no personal data: %v", err)
	}
}

// If a consultation was entered in error, its content is gone, also for invited agencies.
func TestEnteredInError(t *testing.T) {
	w, c := asked(t)
	w.Take(t, people["hva"], c, take)
	w.Take(t, people["hva"], c, invite)
	w.Take(t, people["kela"], c, revoke)
	for _, agency := range []string{"kela", "hva", "terveys"} {
		if state := w.View(agency, c).State; len(state.Consultation.GetMessages()) != 0 || !state.IsRevoked() {
			t.Errorf("%s still has %v", agency, state.Consultation)
		}
	}
	w.Take(t, people["terveys"], c, "AcknowledgeRevocation")
	w.Pass(10 * 24 * time.Hour)
	w.Expect(t, "terveys", c, "ParticipantInvited EnteredInError RevocationAcknowledged RevocationOverdue")
}

// Once an urgent question is taken, its urgency sets the due time. After the answer the receiver has no
// due time, until the asker asks again.
func TestUrgentQuestionDueTimes(t *testing.T) {
	w := newFixture()
	c, err := ask(w.base, people["kela"], people["hva"], "", commonv1.Urgency_URGENCY_EMERGENCY)
	rulestest.Must(t, err)
	expect := func(due string, basis commonv1.DueBasis) {
		t.Helper()
		w.ExpectDue(t, "hva", c, due, basis, "")
		w.ExpectDue(t, "kela", c, due, commonv1.DueBasis_DUE_BASIS_UNSPECIFIED, "")
	}
	expect("23.11.2026 09.15", commonv1.DueBasis_DUE_BASIS_SERVICE_PROMISE)
	w.Now = w.Now.Add(5 * time.Minute)
	w.Take(t, people["hva"], c, take)
	expect("23.11.2026 10.05", commonv1.DueBasis_DUE_BASIS_URGENCY)
	w.Take(t, people["hva"], c, answer)
	expect("30.11.2026 23.59", commonv1.DueBasis_DUE_BASIS_SERVICE_PROMISE)
	w.Now = w.Now.Add(time.Hour)
	w.Take(t, people["kela"], c, post)
	expect("23.11.2026 11.05", commonv1.DueBasis_DUE_BASIS_URGENCY)
	// An agency that is invited later is shown the same due time.
	w.Take(t, people["kela"], c, invite)
	view := w.View("terveys", c)
	if due := rules.Status(view.State, view.Reader).GetDueAt().AsTime(); !due.Equal(w.Now.Add(time.Hour)) {
		t.Errorf("the invited agency is shown %s", due)
	}
}
