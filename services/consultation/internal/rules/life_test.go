package rules_test

import (
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	"koppi.internal/services/consultation/internal/rules"
)

// lives lead to each state of a consultation from kela to hva.
var lives = []rulestest.Life{
	{Name: "OPEN"},
	{Name: "OPEN, passed to a worker", Steps: "answerer ReassignConsultation"},
	{Name: "TAKEN", Steps: "answerer TakeConsultation"},
	{Name: "TAKEN, a third invited", Steps: "answerer TakeConsultation, answerer InviteParticipant"},
	{Name: "TAKEN, passed on", Steps: "answerer TakeConsultation, answerer ReassignConsultation"},
	{Name: "TAKEN, the asker is asked", Steps: "answerer TakeConsultation, answerer ask back"},
	{Name: "TAKEN, the asker has replied", Steps: "answerer TakeConsultation, answerer ask back, asker PostMessage"},
	{Name: "ANSWERED", Steps: "answerer TakeConsultation, answerer answer"},
	{Name: "ANSWERED, asked on", Steps: "answerer TakeConsultation, answerer answer, asker PostMessage"},
	{Name: "ANSWERED, the asker is asked", Steps: "answerer TakeConsultation, answerer answer, answerer ask back"},
	{Name: "CLOSED", Steps: "answerer TakeConsultation, answerer answer, asker CloseConsultation"},
	{Name: "ENTERED_IN_ERROR", Steps: "answerer TakeConsultation, asker RevokeConsultation"},
}

// The golden file holds: state × step × role → state or refusal.
func TestLifeTable(t *testing.T) {
	rulestest.LifeTable(t, func(t *testing.T, _ rulestest.Life) (*base, string) {
		w, subject := asked(t)
		return w.base, subject
	}, lives, []rulestest.Actor{
		{Role: "asker", Actor: people["kela"]},
		{Role: "answerer", Actor: people["hva"]},
		{Role: "colleague", Actor: rulestest.Colleague},
		{Role: "other unit", Actor: rulestest.Elsewhere},
		{Role: "third", Actor: people["terveys"]},
	}, allSteps, func(c rules.Consultation) string {
		return strings.TrimPrefix(c.State().String(), "CONSULTATION_STATE_")
	})
}

func TestDisclosuresNameWhatExists(t *testing.T) {
	rulestest.DisclosuresNameWhatExists(t, rules.Disclosures, consultationv1.File_koppi_consultation_v1_events_proto)
}

func TestEvolveKnowsEveryEvent(t *testing.T) {
	rulestest.EvolveKnows(t, rulestest.Events(t, consultationv1.File_koppi_consultation_v1_events_proto), rules.Consultation{
		Head:         matter.Head{Subject: "consultations/z", Phase: commonv1.LoopPhase_LOOP_PHASE_SENT, Sender: &commonv1.Party{Agency: "a"}},
		Consultation: &consultationv1.Consultation{State: consultationv1.ConsultationState_CONSULTATION_STATE_OPEN},
	}, time.Unix(1_700_000_000, 0).UTC(), rules.Evolve)
}

func TestStepsAreComplete(t *testing.T) {
	service := consultationv1.File_koppi_consultation_v1_consultation_proto.Services().ByName("ConsultationService")
	rulestest.StepsAreComplete(t, service, rules.Table.Steps(), allSteps)
}
