package rules_test

import (
	"testing"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// Without consent a report names no worker at its receiver, nor does one that is passed on:
// nobody but the receiver knows whether that is one (1301/2014 § 35.2).
func TestAddressedWithoutConsent(t *testing.T) {
	w := newTown()
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
	passed := &concernv1.ForwardConcernRequest{
		Receiver: &commonv1.Party{Agency: "terveys", Worker: "on_juonut"}, Basis: notification(), Topics: []concernv1.Topic{concernv1.Topic_TOPIC_HOMELESSNESS},
	}
	if err := w.step("hva", c, passed); fault.ReasonOf(err) != fault.ContentNotAllowed {
		t.Errorf("passed on without consent: %v", err)
	}
}

// A reporter is told of a suggested receiver which agency and unit it is, and nobody what a
// party is called. What a receiver is not told without consent is on the page of disclosure.
func TestNoWordsPassByTheWay(t *testing.T) {
	for _, with := range []bool{true, false} {
		w := newTown()
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
			t.Errorf("consent %v: the reporter is told %v", with, suggested)
		}
		own := w.View("hva", c).State.SuggestedReceiver
		if own.GetWorker() != "on_juonut" || own.GetDisplayName() != "" {
			t.Errorf("consent %v: the decliner is told %v", with, own)
		}
	}
}
