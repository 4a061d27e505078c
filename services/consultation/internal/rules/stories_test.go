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

// A question is answered, asked on, answered and closed with what it led to.
func TestAQuestionAndItsAnswer(t *testing.T) {
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

// The second who takes it is told who was first.
func TestTheSecondIsToldWhoHasIt(t *testing.T) {
	w, c := asked(t)
	w.Take(t, people["hva"], c, take)
	err := w.Try(rulestest.Colleague, c, &consultationv1.TakeConsultationRequest{})
	var refused *fault.Error
	if !errors.As(err, &refused) || refused.Reason() != fault.IllegalStep {
		t.Fatal(err)
	}
	for _, detail := range refused.GRPCStatus().Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetMetadata()["taken_by_worker"] != "ps-21" {
			t.Errorf("told %v", info.GetMetadata())
		}
	}
	if err := w.Try(rulestest.Elsewhere, c, &consultationv1.TakeConsultationRequest{}); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("taken by a unit that was not asked: %v", err)
	}
}

// How soon somebody must take it: by office hours, an emergency by the clock.
func TestUrgency(t *testing.T) {
	w := newTown()
	w.Now = time.Date(2026, 11, 27, 17, 0, 0, 0, time.UTC) // a Friday evening
	for urgency, want := range map[commonv1.Urgency]string{
		commonv1.Urgency_URGENCY_NORMAL:    "kela/toimeentulotuki/kela-17 responsible, hva's turn until 30.11.2026 12.00",
		commonv1.Urgency_URGENCY_EMERGENCY: "kela/toimeentulotuki/kela-17 responsible, hva's turn until 27.11.2026 19.15",
	} {
		c, err := ask(w.plain, people["kela"], people["hva"], "", urgency)
		rulestest.Must(t, err)
		w.ExpectTurn(t, "kela", c, want)
	}
}

// Who is invited reads the conversation from its beginning, and goes on from there.
func TestWhoIsInvitedReadsItAll(t *testing.T) {
	w, c := asked(t)
	w.Take(t, people["hva"], c, take)
	w.Take(t, people["hva"], c, answer)
	w.Pass(10 * 24 * time.Hour)
	w.Take(t, people["hva"], c, invite)
	w.Take(t, people["terveys"], c, post)
	w.Expect(t, "terveys", c, "ParticipantInvited MessagePosted")
	theirs, ours := w.View("terveys", c), w.View("kela", c)
	if !proto.Equal(theirs.State.Consultation, ours.State.Consultation) {
		t.Errorf("who was invited sees %v, the asker %v", theirs.State.Consultation, ours.State.Consultation)
	}
	if a, b := rules.Status(theirs.State, theirs.Reader), rules.Status(ours.State, ours.Reader); !proto.Equal(a, b) || !a.GetOverdue() {
		t.Errorf("it stands at %v for the one, at %v for the other", a, b)
	}
}

// What a step lacks, or may not say, is refused.
func TestContent(t *testing.T) {
	own := people["hva"].Party()
	for name, test := range map[string]struct {
		request proto.Message
		reason  fault.Reason
	}{
		"passed elsewhere":          {&consultationv1.ReassignConsultationRequest{To: people["tyo"].Party(), Reason: "x"}, fault.UnknownParty},
		"passed without a reason":   {&consultationv1.ReassignConsultationRequest{To: own}, fault.ExplanationRequired},
		"passed back to a queue":    {&consultationv1.ReassignConsultationRequest{To: &commonv1.Party{Agency: "hva"}, Reason: "x"}, fault.UnknownParty},
		"who is in it, invited":     {&consultationv1.InviteParticipantRequest{Participant: people["kela"].Party(), Basis: noData()}, fault.InvalidField},
		"invited without a ground":  {&consultationv1.InviteParticipantRequest{Participant: people["tyo"].Party()}, fault.LegalBasisRequired},
		"closed before it answered": {&consultationv1.CloseConsultationRequest{}, fault.IllegalStep},
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
	w := newTown()
	named := rules.Command{Actor: people["kela"], Client: "anna", Facts: rules.Facts{Party: own}, Request: &consultationv1.OpenConsultationRequest{
		Addressee: own, Basis: noData(), Question: "?",
	}}
	if _, err := w.Begin(named); fault.ReasonOf(err) != fault.LegalBasisRequired {
		t.Errorf("about somebody, on the ground of nobody: %v", err)
	}
}

// Entered in error, all that was said is gone, for who was invited too.
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

// Once it is taken an urgent question is answered while it is urgent; answered, nothing in it
// waits for who answered, until the asker asks on.
func TestAnUrgentQuestion(t *testing.T) {
	w := newTown()
	c, err := ask(w.plain, people["kela"], people["hva"], "", commonv1.Urgency_URGENCY_EMERGENCY)
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
	// Who comes later is held to the same.
	w.Take(t, people["kela"], c, invite)
	view := w.View("terveys", c)
	if due := rules.Status(view.State, view.Reader).GetDueAt().AsTime(); !due.Equal(w.Now.Add(time.Hour)) {
		t.Errorf("who was invited is shown %s", due)
	}
}
