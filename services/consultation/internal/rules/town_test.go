package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	"koppi.internal/services/consultation"
	"koppi.internal/services/consultation/internal/rules"
)

// plain is the town as the shared tests know it.
type plain = rulestest.Fixture[rules.Consultation, rules.Facts]

// town is a handful of agencies whose people act on consultations, with no store.
type town struct{ *plain }

func newTown() *town {
	return &town{rulestest.NewFixture(rulestest.Service[rules.Consultation, rules.Facts]{
		Rules: consultation.Rules(), Collection: rules.Collection, Decide: rules.Decide, Allowed: rules.Allowed,
		Facts: facts, Requests: requests,
	})}
}

var people = rulestest.People

func noData() *commonv1.LegalBasis {
	return &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA, Provision: "703/2023 § 31"}
}

// ask opens a consultation from an agency to another's unit; with no client it is anonymous.
func ask(w *plain, from, to matter.Actor, client string, urgency commonv1.Urgency) (string, error) {
	basis := noData()
	if client != "" {
		basis = rulestest.Consent(w.Now)
	}
	return w.Begin(rules.Command{
		Actor: from, Client: client, Facts: rules.Facts{Party: matter.UnitAlone(to.Party())},
		Request: &consultationv1.OpenConsultationRequest{
			Addressee: matter.UnitAlone(to.Party()), Basis: basis, Topic: "Lääkitys", Question: "Voiko?", Urgency: urgency,
		},
	})
}

// asked is a plain anonymous one from kela to hva.
func asked(t *testing.T) (*town, string) {
	t.Helper()
	w := newTown()
	subject, err := ask(w.plain, people["kela"], people["hva"], "", commonv1.Urgency_URGENCY_NORMAL)
	rulestest.Must(t, err)
	return w, subject
}

// facts: who is invited is as the request says.
func facts(request proto.Message) (known rules.Facts) {
	if invite, ok := request.(*consultationv1.InviteParticipantRequest); ok {
		known.Party = invite.GetParticipant()
	}
	return known
}

const (
	take     = "TakeConsultation"
	post     = "PostMessage"
	answer   = "answer"
	closing  = "CloseConsultation"
	reassign = "ReassignConsultation"
	invite   = "InviteParticipant"
	revoke   = "RevokeConsultation"
)

var allSteps = []string{take, post, closing, reassign, invite, revoke, "AcknowledgeRevocation"}

// requests makes a passable request of each step; third is who is invited.
func requests(w *plain, subject string, third matter.Actor) map[string]proto.Message {
	state := w.Histories[subject].State
	basis := noData()
	if state.Client != "" {
		basis = rulestest.Consent(w.Now)
	}
	to := &commonv1.Party{Agency: state.Consultation.GetAddressee().GetAgency(), Unit: state.Consultation.GetAddressee().GetUnit(), Worker: "ps-99"}
	return map[string]proto.Message{
		take:                    &consultationv1.TakeConsultationRequest{},
		post:                    &consultationv1.PostMessageRequest{Text: "Entä?"},
		answer:                  &consultationv1.PostMessageRequest{Text: "Voi.", Answers: true},
		closing:                 &consultationv1.CloseConsultationRequest{},
		reassign:                &consultationv1.ReassignConsultationRequest{To: to, Reason: "loma"},
		invite:                  &consultationv1.InviteParticipantRequest{Participant: matter.UnitAlone(third.Party()), Basis: basis},
		revoke:                  &consultationv1.RevokeConsultationRequest{Reason: "väärä henkilö"},
		"AcknowledgeRevocation": &consultationv1.AcknowledgeRevocationRequest{},
	}
}
