package pairs

import (
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/matter"
)

// Words in fields that are for names reach nobody.
var storiesOfTexts = map[string]story{
	"texts/a suggested receiver's display name": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.do(p.stepOf("t.1", "concern", "DeclineConcern", own, map[string]any{
			"reason": "DECLINE_REASON_WRONG_AREA", "explanation": "Muutti.", "suggestedReceiver": map[string]any{"agency": p.agency("y"), "displayName": "Asiakas on jo meillä ja voi huonosti."},
		}))
	}},
	"texts/a suggested receiver's worker": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.do(p.stepOf("t.1", "concern", "DeclineConcern", own, map[string]any{
			"reason": "DECLINE_REASON_WRONG_AREA", "explanation": "Muutti.", "suggestedReceiver": map[string]any{"agency": p.agency("y"), "unit": "u1", "worker": "han on jo meilla ja voi huonosti"},
		}))
	}},
	"texts/whom it is passed to within the agency": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.do(p.stepOf("t.1", "concern", "ReassignConcern", own, map[string]any{
			"reason": "Loma.", "to": map[string]any{"agency": p.agency("t"), "unit": "u2", "displayName": "Päihdetiimi, koska tilanne on paha"},
		}))
	}},
	"texts/whom triage passes it to": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.do(p.stepOf("t.1", "concern", "TriageConcern", own, map[string]any{
			"urgency": "URGENCY_URGENT", "supportNeed": "SUPPORT_NEED_SPECIAL", "assignTo": map[string]any{"agency": p.agency("t"), "unit": "u2", "worker": workerOf("t", p.set, "2"), "displayName": "Päihdetiimi"},
		}))
	}},
}

// What others do about the same client is theirs.
var storiesOfOthers = map[string]story{
	"others/everything, and the reader is nobody's party": {"z", everythingOfOthers},
	"others/everything, and the reader reports the same client": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", false, "")
		everythingOfOthers(p)
		p.report("r.1", "t", "d", true, "")
		p.do(p.stepOf("t.1", "concern", "ReceiveConcern", own))
	}},
	"others/the receiver of a concern, and what became of its forward": {"t", func(p *pairing) {
		own := p.report("x.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.report("r.1", "y", "c", true, "")
		onward := p.forward("t.1", own, "y", true)
		p.step("y.1", "concern", "ReceiveConcern", onward)
		p.do(p.stepOf("y.1", "concern", "TriageConcern", onward, map[string]any{"urgency": "URGENCY_URGENT", "supportNeed": "SUPPORT_NEED_SPECIAL"}))
		p.do(p.stepOf("y.2", "concern", "TakeConcern", onward))
	}},
	"others/feedback that the client refused, or that changed nothing": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", false, "")
		no := map[string]any{"consented": false}
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.step("t.1", "concern", "RecordFeedbackConsent", own, no)
		p.step("t.2", "concern", "TakeConcern", own)
		p.step("t.2", "concern", "RecordFeedbackConsent", own, no)
		p.step("t.2", "concern", "StartAssessment", own)
		p.pass(20 * 24 * time.Hour)
		p.step("t.2", "concern", "RecordFeedbackConsent", own, no)
		p.step("t.2", "concern", "CloseConcern", own, map[string]any{"outcome": "OUTCOME_GUIDED"})
	}},
	"others/feedback that begins late, of a report that joined another's": {"r", func(p *pairing) {
		yes := func() map[string]any {
			return map[string]any{"consented": true, "consentedAt": p.b.now.Format(time.RFC3339Nano)}
		}
		first := p.report("x.1", "t", "c", true, "")
		p.step("t.1", "concern", "TakeConcern", first)
		own := p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.pass(3 * 24 * time.Hour)
		p.step("t.1", "concern", "StartAssessment", first)
		p.step("t.1", "concern", "RecordContactAttempt", first, map[string]any{"result": "CONTACT_RESULT_REACHED"})
		p.pass(10 * 24 * time.Hour)
		p.step("t.1", "concern", "RecordFeedbackConsent", own, yes())
		p.step("t.1", "concern", "RecordFeedbackConsent", own, yes())
		p.step("t.1", "concern", "CompleteAssessment", first, map[string]any{"supportNeed": "SUPPORT_NEED_NETWORK"})
		p.step("t.1", "concern", "RecordFeedbackConsent", first, map[string]any{"consented": false})
		p.pass(40 * 24 * time.Hour)
		p.step("t.1", "concern", "CloseConcern", first, map[string]any{"outcome": "OUTCOME_GUIDED"})
	}},
	"others/an appointment of a report that joined another's": {"r", func(p *pairing) {
		// The report that joined is told in office hours alone, and of no appointment that has passed.
		for !matter.InOfficeHours(p.b.now) || !matter.InOfficeHours(p.b.now.Add(28*time.Hour)) {
			p.pass(time.Hour)
		}
		first := p.report("x.1", "t", "c", true, "")
		p.step("t.2", "concern", "TakeConcern", first)
		p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "RecordContactAttempt", first, map[string]any{"result": "CONTACT_RESULT_REACHED"})
		p.pass(26 * time.Hour)
		told := p.step("t.2", "concern", "ScheduleAppointment", first, map[string]any{"at": p.b.now.Add(20 * time.Hour).Format(time.RFC3339), "place": "Aula"})
		view, _ := told.field("concern").(map[string]any)
		p.pass(24 * time.Hour)
		p.step("t.2", "concern", "RecordAppointmentResult", first, map[string]any{"appointmentId": lastOf(view, "appointments", "appointmentId"), "result": "APPOINTMENT_RESULT_ATTENDED"})
		p.pass(24 * time.Hour)
		p.mustDisclose("AppointmentScheduled", "AppointmentResultRecorded")
	}},
	// Its acknowledgement has the same due time as the other report.
	"others/a reporter must acknowledge a withdrawal, and has another report": {"r", func(p *pairing) {
		d := doing{Who: "r.1", Call: testkit.SubmitCall, Body: p.reportBody("t", "d")}
		d.Body["urgency"], d.Body["basis"], d.Body["description"] = "URGENCY_EMERGENCY", p.consented(), "Kuvaus."
		emergency := p.begin("concern", d)
		p.report("r.1", "t", "c", false, "")
		p.onConsent("d", "WithdrawConsent", "concerns/"+emergency)
		p.mustDisclose("ConsentWithdrawn")
	}},
	"others/who took a concern is told of a later report alone":                                                {"r", func(p *pairing) { takerToldLater(p, false) }},
	"others/who took a concern is told of a later report, and the reporter hears of the first from halfway on": {"r", func(p *pairing) { takerToldLater(p, true) }},
	"others/a hidden triage moves the receiver's due time, after its system had all": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.step("t.1", "concern", "TriageConcern", own, map[string]any{"urgency": "URGENCY_URGENT"})
		p.acknowledge("t")
		p.pass(20 * 24 * time.Hour)
		p.mustDisclose("ConcernOverdue")
	}},
	"others/triage, notes and an assessment without consent": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.step("t.1", "concern", "TriageConcern", own, map[string]any{"urgency": "URGENCY_URGENT", "supportNeed": "SUPPORT_NEED_NETWORK", "assignTo": map[string]any{"agency": p.agency("t"), "unit": "u2"}})
		p.step("t.2", "concern", "TakeConcern", own)
		p.step("t.2", "concern", "RecordContactAttempt", own, map[string]any{"result": "CONTACT_RESULT_REACHED"})
		p.step("t.2", "concern", "PlanContact", own, map[string]any{"at": p.b.now.Add(time.Hour).Format(time.RFC3339)})
		p.step("t.2", "concern", "StartAssessment", own)
		p.step("t.2", "concern", "ReassignConcern", own, map[string]any{"to": map[string]any{"agency": p.agency("t"), "unit": "u1"}, "reason": "Loma."})
		p.pass(100 * 24 * time.Hour)
		p.step("t.1", "concern", "CloseConcern", own, map[string]any{"outcome": "OUTCOME_SERVICE_STARTED", "feedback": "Palvelu alkoi."})
	}},
	"others/a question is asked, and a hidden step closes it": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "TakeConcern", own)
		p.step("t.1", "concern", "RequestInformation", own, map[string]any{"question": "Puhelin?"})
		p.step("t.1", "concern", "StartAssessment", own)
		p.pass(5 * 24 * time.Hour)
	}},
	"others/a forward is caught elsewhere": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		onward := p.forward("t.1", own, "y", false)
		p.step("y.1", "concern", "ReceiveConcern", onward)
		p.step("y.2", "concern", "TakeConcern", onward)
		p.step("y.2", "concern", "StartAssessment", onward)
	}},
	"others/a forward is declined, and its consent ends": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		onward := p.forward("t.1", own, "y", true)
		p.step("y.1", "concern", "DeclineConcern", onward, map[string]any{"reason": "DECLINE_REASON_NO_GROUND", "explanation": "Ei."})
		p.step("t.1", "concern", "TakeConcern", own)
	}},
	"others/the consent of another's report ends": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", true, "")
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "TakeConcern", lead)
		p.onConsent("c", "WithdrawConsent", "concerns/"+lead)
		p.onConsent("t.1", "AcknowledgeWithdrawal", "concerns/"+lead)
		p.do(p.stepOf("t.1", "concern", "ReceiveConcern", own))
	}},
	"others/its own consent ends after an assessment": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.step("t.1", "concern", "TakeConcern", lead)
		p.step("t.1", "concern", "StartAssessment", lead)
		p.onConsent("c", "WithdrawConsent", "concerns/"+own)
		p.step("t.1", "concern", "CompleteAssessment", lead)
		p.step("t.1", "concern", "CloseConcern", lead, map[string]any{"outcome": "OUTCOME_SERVICE_STARTED", "feedback": "Alkoi."})
	}},
	"others/statistics of a month": {"r", func(p *pairing) {
		for range 6 {
			lead := p.report("x.1", "t", "c", false, "")
			own := p.report("r.1", "t", "c", false, "")
			p.step("t.1", "concern", "ReceiveConcern", own)
			p.step("t.1", "concern", "TakeConcern", lead)
			p.step("t.1", "concern", "CloseConcern", lead, map[string]any{"outcome": "OUTCOME_GUIDED"})
		}
		everythingOfOthers(p)
		p.pass(45 * 24 * time.Hour)
	}},
}

// everythingOfOthers is what agencies x, y and t do about the clients among each other.
func everythingOfOthers(p *pairing) {
	p.report("x.1", "t", "c", true, recordedTrace())
	attachment := p.attachment("x.1")
	body := map[string]any{
		"requestId": uuid.NewString(), "client": clientOfPair(p.set, "d"), "receiver": map[string]any{"agency": p.agency("y")}, "basis": p.consented(),
		"kind": "REFERRAL_KIND_SERVICE", "reason": "Arvio.", "urgency": "URGENCY_NORMAL", "attachmentIds": []any{attachment},
	}
	referral := p.begin("referral", doing{Who: "x.1", Call: testkit.ReferralService + "SendReferral", Body: body})
	p.step("y.1", "referral", "AcceptReferral", referral)
	asked := p.begin("consultation", doing{Who: "x.1", Call: testkit.ConsultationService + "OpenConsultation", Body: map[string]any{
		"requestId": uuid.NewString(), "client": clientOfPair(p.set, "c"), "addressee": map[string]any{"agency": p.agency("t")}, "basis": p.consented(),
		"topic": "Uni", "question": "Mitä?", "urgency": "URGENCY_NORMAL",
	}})
	p.step("t.1", "consultation", "TakeConsultation", asked)
	p.step("t.1", "consultation", "PostMessage", asked, map[string]any{"text": "Näin."})
	plan := p.plan("x.1", "y")
	p.step("y.1", "plan", "AddGoal", plan, map[string]any{"text": "Oma koti."})
	p.must(doing{Who: "x.1", Call: consentSvc + "GiveConsent", Wait: time.Minute, Body: map[string]any{
		"requestId": uuid.NewString(), "client": clientOfPair(p.set, "c"), "recipient": map[string]any{"agency": p.agency("t")}, "services": []any{"concern"},
		"purpose": "Apua.", "provision": "1301/2014 § 35.1", "until": p.b.now.AddDate(0, 3, 0).Format(time.RFC3339),
	}})
	for _, directive := range []struct{ who, step, to string }{{"c", "ProhibitTransfer", "x"}, {"d", "ProhibitTransfer", "y"}} {
		p.do(doing{Who: directive.who, Call: consentSvc + directive.step, Body: map[string]any{"requestId": uuid.NewString(), "recipient": map[string]any{"agency": p.agency(directive.to)}}, Wait: time.Minute})
	}
	p.do(doing{Who: "x.1", Call: testkit.ReferralService + "SendReferral", Body: body})
}

// takerToldLater lets a worker take a report without consent, of which the reporter is told the agency alone. A second
// report, on consent, joins it, and of that the reporter is told the worker. The client may consent for the first too.
func takerToldLater(p *pairing, consents bool) {
	first := p.report("r.1", "t", "c", false, "")
	p.step("t.2", "concern", "TakeConcern", first)
	if consents {
		p.step("t.1", "concern", "RecordFeedbackConsent", first, map[string]any{"consented": true, "consentedAt": p.b.now.Format(time.RFC3339Nano)})
	}
	p.report("r.1", "t", "c", true, "")
	p.pass(26 * time.Hour)
	p.step("t.1", "concern", "StartAssessment", first)
	p.pass(5 * 24 * time.Hour)
	p.mustDisclose("ConcernTaken", "AssessmentStarted")
}
