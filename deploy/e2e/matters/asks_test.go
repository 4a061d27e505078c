package matters

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Whoever was asked for advice asks back, over the stream of the conversation: the question is in the list
// of its asker as the asker's turn, also for a unit that is invited meanwhile. The due time that passes is
// told once to each party. With the reply the turn is the taker's again.
func TestAskerIsAskedBack(t *testing.T) {
	t.Parallel()
	monday := time.Date(2026, time.November, 23, 8, 0, 0, 0, time.UTC)
	f := testkit.NewFixtureWith(t, allinone.Config{Clock: monday})
	systems := map[string]string{"hva-pohjois-savo": "county system", "terveys-pohjois-savo": "nurse system", "kela": "kela system"}
	for agency, name := range systems {
		f.Tokens[name] = f.Token(scenario.CastParty{Agency: agency, Role: "system"})
	}
	conn := f.Conn()
	county, nurse, kela := f.As("county"), f.As("nurse"), f.As("kela")
	consultations, casework := consultationv1.NewConsultationServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn)
	id := testkit.Insist(t, county, consultations.OpenConsultation, testkit.Question()).GetConsultation().GetConsultationId()
	read := func(ctx context.Context) *consultationv1.Consultation {
		return testkit.Insist(t, ctx, consultations.GetConsultation, &consultationv1.GetConsultationRequest{ConsultationId: id}).GetConsultation()
	}
	listed := func(ctx context.Context, sent bool) *commonv1.LoopStatus {
		for _, item := range testkit.Insist(t, ctx, casework.ListWork, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_ME, Sent: sent}).GetItems() {
			if item.GetSubject() == "consultations/"+id {
				return item.GetStatus()
			}
		}
		return nil
	}
	expect := func(turn, due string, phase commonv1.LoopPhase, overdue bool, who ...context.Context) {
		t.Helper()
		statuses := []*commonv1.LoopStatus{listed(county, true), listed(nurse, false)}
		for _, ctx := range who {
			statuses = append(statuses, read(ctx).GetStatus())
		}
		for i, status := range statuses {
			at := status.GetDueAt().AsTime().UTC().Format(time.RFC3339)
			if status.GetWaitingOn().GetAgency() != turn || at != due || status.GetPhase() != phase || status.GetOverdue() != overdue {
				t.Errorf("reader %d is shown %v, want the turn of %s until %s in %s", i, status, turn, due, phase)
			}
		}
	}
	post := func(ctx context.Context, r *consultationv1.PostMessageRequest) error {
		r.RequestId, r.ConsultationId = uuid.NewString(), id
		return testkit.Refusal(consultations.PostMessage(ctx, r))
	}
	testkit.Insist(t, nurse, consultations.TakeConsultation, &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})
	expect("terveys-pohjois-savo", "2026-11-24T21:59:59Z", commonv1.LoopPhase_LOOP_PHASE_TAKEN, false, county, nurse)
	for name, err := range map[string]error{
		"by the asker":   post(county, &consultationv1.PostMessageRequest{Text: "Entä?", Asks: true}),
		"with an answer": post(nurse, &consultationv1.PostMessageRequest{Text: "Voi.", Asks: true, Answers: true}),
	} {
		if fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("asked %s: %v", name, err)
		}
	}
	f.AdvanceTo(t, "2026-11-24T09:00:00Z")
	askOver(t, nurse, consultations, id, "Mikä annos?")
	expect("hva-pohjois-savo", "2026-11-25T21:59:59Z", commonv1.LoopPhase_LOOP_PHASE_WAITING, false, county, nurse)
	if shown := read(county); !shown.GetMessages()[1].GetAsks() || shown.GetState() != consultationv1.ConsultationState_CONSULTATION_STATE_TAKEN {
		t.Errorf("the asker reads %v", shown)
	}
	testkit.Insist(t, nurse, consultations.InviteParticipant, &consultationv1.InviteParticipantRequest{
		RequestId: uuid.NewString(), ConsultationId: id, Participant: testkit.Kela, Basis: testkit.Question().GetBasis(),
	})
	expect("hva-pohjois-savo", "2026-11-25T21:59:59Z", commonv1.LoopPhase_LOOP_PHASE_WAITING, false, county, nurse, kela)
	f.AdvanceTo(t, "2026-11-27T09:00:00Z")
	expect("hva-pohjois-savo", "2026-11-25T21:59:59Z", commonv1.LoopPhase_LOOP_PHASE_WAITING, true, county, nurse, kela)
	f.AdvanceTo(t, "2026-11-28T09:00:00Z")
	for _, name := range systems {
		passed := 0
		for _, message := range testkit.Mailbox(t, f.As(name), conn) {
			if message.GetSubject() == "consultations/"+id && strings.HasSuffix(message.GetEvent().GetTypeUrl(), ".ConsultationOverdue") {
				passed++
			}
		}
		if passed != 1 {
			t.Errorf("the %s was told %d times that a due time had passed", name, passed)
		}
	}
	if err := post(county, &consultationv1.PostMessageRequest{Text: "50 mg."}); err != nil {
		t.Fatal(err)
	}
	expect("terveys-pohjois-savo", "2026-11-30T21:59:59Z", commonv1.LoopPhase_LOOP_PHASE_TAKEN, false, county, nurse, kela)
}

// askOver posts a question to the asker on the stream of a conversation, and waits for its receipt.
func askOver(t *testing.T, ctx context.Context, service consultationv1.ConsultationServiceClient, id, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	stream := testkit.Must(service.Converse(ctx))
	join := &consultationv1.ConverseRequest_Join_{Join: &consultationv1.ConverseRequest_Join{ConsultationId: id}}
	ask := &consultationv1.ConverseRequest_Post{Post: &consultationv1.PostMessageRequest{
		RequestId: uuid.NewString(), ConsultationId: id, Text: text, Asks: true,
	}}
	for _, frame := range []*consultationv1.ConverseRequest{{Kind: join}, {Kind: ask}} {
		if err := stream.Send(frame); err != nil {
			t.Fatal(err)
		}
	}
	for shown, received := false, false; !shown || !received; {
		told, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if receipt := told.GetReceipt(); receipt != nil {
			if receipt.GetError() != nil {
				t.Fatal(receipt.GetError())
			}
			received = true
		}
		if message := told.GetMessage(); message.GetText() == text {
			if shown = message.GetAsks(); !shown {
				t.Fatalf("the stream shows %v", message)
			}
		}
	}
}
