package rules_test

import (
	"testing"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// Without consent, neither a report nor a forward names a worker at its receiver: only the receiver
// knows whether the id is one of a worker (1301/2014 § 35.2).
func TestAddressedWithoutConsent(t *testing.T) {
	w := newFixture()
	named := &commonv1.Party{Agency: "hva", Worker: "on_juonut"}
	begin := func(basis *commonv1.LegalBasis) error {
		_, err := w.Begin(rules.Command{
			Actor: people["kela"], Client: "anna", Facts: rules.Facts{Receiver: named}, Request: &concernv1.SubmitConcernRequest{
				Basis: basis, Topics: []concernv1.Topic{concernv1.Topic_TOPIC_HOMELESSNESS}, Urgency: commonv1.Urgency_URGENCY_NORMAL, Receiver: named,
			},
		})
		return err
	}
	if err := begin(notification()); fault.ReasonOf(err) != fault.ContentNotAllowed {
		t.Errorf("without consent: %v", err)
	}
	must(t, begin(consent(w.Now)))
	c, err := w.submit("kela", "hva", "bertta", notification())
	must(t, err)
	w.take(t, "hva", c, receive)
	w.take(t, "hva", c, take)
	forwarded := &concernv1.ForwardConcernRequest{
		Receiver: &commonv1.Party{Agency: "terveys", Worker: "on_juonut"}, Basis: notification(), Topics: []concernv1.Topic{concernv1.Topic_TOPIC_HOMELESSNESS},
	}
	if err := w.step("hva", c, forwarded); fault.ReasonOf(err) != fault.ContentNotAllowed {
		t.Errorf("forwarded without consent: %v", err)
	}
}

// A reporter is shown the agency and the unit of a suggested receiver, and nobody is shown the display
// name of a party.
func TestSuggestedReceiverIsDisclosedWithoutWorker(t *testing.T) {
	for _, with := range []bool{true, false} {
		w := newFixture()
		basis := notification()
		if with {
			basis = consent(w.Now)
		}
		c, err := w.submit("kela", "hva", "anna", basis)
		must(t, err)
		w.take(t, "hva", c, receive)
		must(t, w.step("hva", c, &concernv1.DeclineConcernRequest{
			Reason:            concernv1.DeclineReason_DECLINE_REASON_WRONG_AGENCY,
			SuggestedReceiver: &commonv1.Party{Agency: "terveys", Unit: "u", Worker: "on_juonut", DisplayName: "On juonut"},
		}))
		suggested := w.View("kela", c).State.SuggestedReceiver
		if suggested.GetAgency() != "terveys" || suggested.GetUnit() != "u" || suggested.GetWorker()+suggested.GetDisplayName() != "" {
			t.Errorf("consent %v: the reporter is shown %v", with, suggested)
		}
		own := w.View("hva", c).State.SuggestedReceiver
		if own.GetWorker() != "on_juonut" || own.GetDisplayName() != "" {
			t.Errorf("consent %v: the declining agency is shown %v", with, own)
		}
	}
}
