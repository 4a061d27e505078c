package pairs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
)

// betweenOfficials is what officials write to each other, by the step: of that the client is
// not told the words (621/1999 § 11).
var betweenOfficials = map[string]string{
	"RequestInformation": "question", "ProvideInformation": "answer", "CloseConcern": "feedback", "OpenConsultation": "question", "PostMessage": "text",
	"ReassignConcern": "reason", "ReassignReferral": "reason", "ReassignConsultation": "reason", "AddProgressNote": "text", "RefuseCancellation": "explanation",
	"LeavePlan": "reason", "DeclineInvitation": "reason", "OfferResponsibility": "reason", "DeclineResponsibility": "reason",
}

// reworded is a step whose words between officials are others, and longer.
func (h *happened) reworded() map[string]any {
	_, step, _ := strings.Cut(h.Call, "/")
	body := copied(h.Body)
	if field := betweenOfficials[step]; body[field] != nil {
		body[field] = fmt.Sprint("Aivan toista asiaa, ja pidemmin. ", body[field])
	}
	return body
}

// The client's view of its own matters does not depend on what officials write to each other, not
// even on its length, nor on how reports about the client are joined.
func TestPairsOfClients(t *testing.T) {
	at := newTwins(t)
	story{"c", func(p *pairing) {
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "TakeConcern", own)
		asked := p.step("t.1", "concern", "RequestInformation", own, map[string]any{"question": "Mitä?"})
		view, _ := asked.field("concern").(map[string]any)
		p.step("r.1", "concern", "ProvideInformation", own, map[string]any{"informationRequestId": lastOf(view, "informationRequests", "informationRequestId"), "answer": "Näin."})
		p.step("t.1", "concern", "ReassignConcern", own, map[string]any{"to": map[string]any{"agency": p.agency("t"), "unit": "u2"}, "reason": "Loma."})
		p.step("t.1", "concern", "CloseConcern", own, map[string]any{"outcome": "OUTCOME_GUIDED", "feedback": "Kiitos."})
	}}.play(t, at)
	story{"c", func(p *pairing) {
		referral := p.begin("referral", doing{Who: "x.1", Call: testkit.ReferralService + "SendReferral", Body: map[string]any{
			"requestId": uuid.NewString(), "client": clientOfPair(p.set, "c"), "receiver": map[string]any{"agency": p.agency("y")}, "basis": p.consented(),
			"kind": "REFERRAL_KIND_SERVICE", "reason": "Arvio.", "urgency": "URGENCY_NORMAL",
		}})
		p.step("y.1", "referral", "AcceptReferral", referral)
		p.step("y.1", "referral", "AddProgressNote", referral, map[string]any{"text": "Etenee."})
		p.step("y.1", "referral", "ReassignReferral", referral, map[string]any{"to": map[string]any{"agency": p.agency("y"), "unit": "u2"}, "reason": "Loma."})
		asked := p.begin("consultation", doing{Who: "x.1", Call: testkit.ConsultationService + "OpenConsultation", Body: map[string]any{
			"requestId": uuid.NewString(), "client": clientOfPair(p.set, "c"), "addressee": map[string]any{"agency": p.agency("t")}, "basis": p.consented(),
			"topic": "Uni", "question": "Mitä?", "urgency": "URGENCY_NORMAL",
		}})
		p.step("t.1", "consultation", "TakeConsultation", asked)
		p.step("t.1", "consultation", "PostMessage", asked, map[string]any{"text": "Näin.", "answers": true})
		plan := p.plan("x.1", "y")
		p.step("y.1", "plan", "LeavePlan", plan, anyReason())
	}}.play(t, at)
}
