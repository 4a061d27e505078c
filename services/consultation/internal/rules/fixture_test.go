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

// base is the fixture without the helpers of this service.
type base = rulestest.Fixture[rules.Consultation, rules.Facts]

// fixture is a few agencies whose workers act on consultations, without a store.
type fixture struct{ *base }

func newFixture() *fixture {
	return &fixture{rulestest.NewFixture(rulestest.Service[rules.Consultation, rules.Facts]{
		Rules: consultation.Rules(), Collection: rules.Collection, Decide: rules.Decide, Allowed: rules.Allowed,
		Facts: facts, Requests: requests,
	})}
}

var people = rulestest.People

func noData() *commonv1.LegalBasis {
	return &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA, Provision: "703/2023 § 31"}
}

// ask opens a consultation from one agency to a unit of another; without a client it is anonymous.
func ask(w *base, from, to matter.Actor, client string, urgency commonv1.Urgency) (string, error) {
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

// asked returns an anonymous consultation from kela to hva.
func asked(t *testing.T) (*fixture, string) {
	t.Helper()
	w := newFixture()
	subject, err := ask(w.base, people["kela"], people["hva"], "", commonv1.Urgency_URGENCY_NORMAL)
	rulestest.Must(t, err)
	return w, subject
}

// facts returns the party that an invitation names.
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
	asks     = "ask back"
	closing  = "CloseConsultation"
	reassign = "ReassignConsultation"
	invite   = "InviteParticipant"
	revoke   = "RevokeConsultation"
)

var allSteps = []string{take, post, closing, reassign, invite, revoke, "AcknowledgeRevocation"}

// requests returns a valid request of each step; third is the party that is invited.
func requests(w *base, subject string, third matter.Actor) map[string]proto.Message {
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
		asks:                    &consultationv1.PostMessageRequest{Text: "Mikä annos?", Asks: true},
		closing:                 &consultationv1.CloseConsultationRequest{},
		reassign:                &consultationv1.ReassignConsultationRequest{To: to, Reason: "loma"},
		invite:                  &consultationv1.InviteParticipantRequest{Participant: matter.UnitAlone(third.Party()), Basis: basis},
		revoke:                  &consultationv1.RevokeConsultationRequest{Reason: "väärä henkilö"},
		"AcknowledgeRevocation": &consultationv1.AcknowledgeRevocationRequest{},
	}
}
