package pairs

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
)

// The record of who looked shows an agency no matter of which it may not know, whatever its
// own steps do there.
var storiesOfAccesses = map[string]story{
	"accesses/a report joins another agency's concern": {"r", func(p *pairing) {
		p.report("x.1", "t", "c", true, "")
		p.report("r.1", "t", "c", false, "")
	}},
	"accesses/a report on consent joins, and is taken with the lead": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.step("t.2", "concern", "TakeConcern", lead)
		p.step("t.2", "concern", "StartAssessment", lead)
	}},
	"accesses/a forward is revoked with what was forwarded": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.forward("t.1", own, "y", true)
		p.step("r.1", "concern", "RevokeConcern", own, anyReason())
	}},
	"accesses/another agency's report is promoted": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", false, "")
		p.report("x.1", "t", "c", false, "")
		p.step("r.1", "concern", "WithdrawConcern", own, anyReason())
	}},
	"accesses/reports had joined at a third agency": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.forward("t.1", own, "y", true)
		p.report("x.1", "y", "c", true, "")
		p.step("r.1", "concern", "RevokeConcern", own, anyReason())
	}},
	"accesses/its consent ends, and forwards with it": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.forward("t.1", own, "y", true)
		p.onConsent("r.1", "WithdrawConsent", "concerns/"+own)
	}},
}

// What is told of a trace goes by the caller's own.
var storiesOfTraces = map[string]story{
	"traces/a silent report where another's concern is open": {"r", func(p *pairing) {
		p.report("x.1", "t", "c", false, recordedTrace())
		p.report("r.1", "t", "c", false, silentTrace())
	}},
	"traces/a hidden step is recorded": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", false, silentTrace())
		p.silently("t.1", "ReceiveConcern", own)
		triage := p.stepOf("t.1", "concern", "TriageConcern", own, map[string]any{"urgency": "URGENCY_URGENT"})
		triage.Trace = recordedTrace()
		p.must(triage)
		p.silently("t.1", "TakeConcern", own)
	}},
	"traces/a joined report is taken by a step on another's": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, recordedTrace())
		own := p.report("r.1", "t", "c", false, silentTrace())
		p.silently("t.1", "ReceiveConcern", own)
		p.silently("t.1", "TakeConcern", lead)
	}},
}

// silently takes a step of a concern under a trace that is not recorded.
func (p *pairing) silently(who, step, id string) {
	p.t.Helper()
	d := p.stepOf(who, "concern", step, id)
	d.Trace = silentTrace()
	p.must(d)
}

// slowly lets time pass by six hours at a time: what falls due is told soon after.
func (p *pairing) slowly(by time.Duration) {
	p.t.Helper()
	for ; by > 0; by -= 6 * time.Hour {
		p.pass(6 * time.Hour)
	}
}

// mustDisclose fails the test unless the story disclosed these events to its reader.
func (p *pairing) mustDisclose(events ...string) {
	p.t.Helper()
	for _, one := range p.log {
		for _, message := range one.disclosed {
			events = slices.DeleteFunc(events, func(name string) bool { return name == eventOf(message) })
		}
	}
	if len(events) > 0 {
		p.t.Errorf("nothing told of %v: the story proves nothing", events)
	}
}

// A report that joined is told of as a fresh one can be.
var storiesOfTimes = map[string]story{
	"times/received after its lead was taken": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		p.step("t.1", "concern", "TakeConcern", lead)
		own := p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
	}},
	"times/its lead is taken before it is received": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", lead)
		p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "TakeConcern", lead)
		p.pass(10 * 24 * time.Hour)
	}},
	"times/a step of which it is not told, on its own first report": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "TakeConcern", own)
		p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "RecordContactAttempt", own, map[string]any{"result": "CONTACT_RESULT_NOT_REACHED"})
		p.pass(10 * 24 * time.Hour)
	}},
	"times/what it lacks is told by the clock, step by step": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		p.step("t.1", "concern", "TakeConcern", lead)
		p.step("t.1", "concern", "StartAssessment", lead)
		p.step("t.1", "concern", "CompleteAssessment", lead, map[string]any{"supportNeed": "SUPPORT_NEED_NETWORK"})
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.slowly(40 * 24 * time.Hour)
		p.mustDisclose("ConcernTaken", "AssessmentStarted", "AssessmentCompleted")
	}},
	"times/the clock stood still past what it lacks and its due time": {"r", func(p *pairing) {
		lead := p.urgentReport("x.1")
		p.step("t.1", "concern", "TakeConcern", lead)
		own := p.urgentReport("r.1")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.pass(5 * 24 * time.Hour)
		p.slowly(4 * 24 * time.Hour)
		p.mustDisclose("ConcernOverdue", "ConcernTaken")
	}},
	"times/what it lacks without consent is told by the clock, and then it ends": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		p.step("t.1", "concern", "TakeConcern", lead)
		own := p.report("r.1", "t", "c", false, "")
		p.report("r.2", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.slowly(3 * 24 * time.Hour)
		p.step("t.1", "concern", "CloseConcern", lead, map[string]any{"outcome": "OUTCOME_GUIDED"})
		p.mustDisclose("ConcernTaken", "ConcernClosed")
	}},
	"times/received after its lead was assessed, on consent": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		p.step("t.1", "concern", "TakeConcern", lead)
		p.step("t.1", "concern", "StartAssessment", lead)
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.step("t.1", "concern", "CompleteAssessment", lead, map[string]any{"supportNeed": "SUPPORT_NEED_NETWORK"})
	}},
	"times/its lead is closed before it is received": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", lead)
		p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "CloseConcern", lead, map[string]any{"outcome": "OUTCOME_GUIDED"})
	}},
	"times/its lead is taken and closed before it is received, on consent": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "TakeConcern", lead)
		p.step("t.1", "concern", "CloseConcern", lead, map[string]any{"outcome": "OUTCOME_GUIDED", "feedback": "Kiitos."})
	}},
	"times/its lead is declined": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", lead)
		p.report("r.1", "t", "c", false, "")
		p.step("t.1", "concern", "DeclineConcern", lead, map[string]any{"reason": "DECLINE_REASON_WRONG_AREA", "explanation": "Muualle."})
	}},
	"times/its lead is withdrawn after it was assessed": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", lead)
		own := p.report("r.1", "t", "c", false, "")
		p.step("x.1", "concern", "WithdrawConcern", lead, anyReason())
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.step("t.1", "concern", "TakeConcern", own)
	}},
	"times/its lead was entered in error": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		p.step("t.1", "concern", "TakeConcern", lead)
		own := p.report("r.1", "t", "c", false, "")
		p.step("x.1", "concern", "RevokeConcern", lead, anyReason())
		p.pass(9 * 24 * time.Hour)
		p.do(p.stepOf("t.1", "concern", "ReceiveConcern", own))
	}},
	"times/two reports of its own, at one microsecond": {"r", func(p *pairing) {
		p.report("x.1", "t", "c", false, "")
		own := p.report("r.1", "t", "c", false, "")
		p.do(doing{Who: "r.2", Call: testkit.SubmitCall, Wait: time.Microsecond, Body: map[string]any{
			"requestId": uuid.NewString(), "client": clientOfPair(p.set, "c"), "receiver": map[string]any{"agency": p.agency("t")}, "basis": unconsented(),
			"topics": []any{"TOPIC_OTHER"}, "urgency": "URGENCY_NORMAL",
		}})
		p.step("t.1", "concern", "ReceiveConcern", own)
	}},
	"times/its own first report is entered in error after it was received": {"r", func(p *pairing) {
		p.report("x.1", "t", "c", false, "")
		own := p.report("r.1", "t", "c", false, "")
		p.report("r.2", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.step("r.1", "concern", "RevokeConcern", own, anyReason())
	}},
	"times/a due time passes for its lead alone": {"r", func(p *pairing) {
		lead := p.report("x.1", "t", "c", false, "")
		p.step("t.1", "concern", "ReceiveConcern", lead)
		p.pass(8 * 24 * time.Hour)
		own := p.report("r.1", "t", "c", true, "")
		p.pass(20 * 24 * time.Hour)
		p.step("t.1", "concern", "ReceiveConcern", own)
		p.pass(30 * 24 * time.Hour)
	}},
}

// A member that has left knows what was so when it left.
var storiesOfMembers = map[string]story{
	"members/others are asked in after it left, and the consent ends": {"r", func(p *pairing) {
		id := p.plan("x.1", "r", "y")
		p.step("r.1", "plan", "LeavePlan", id, anyReason())
		p.step("x.1", "plan", "InviteMember", id, map[string]any{"party": map[string]any{"agency": p.agency("z"), "unit": "u1"}, "basis": p.consented()})
	}},
	"members/the consent ends after it left": {"r", func(p *pairing) {
		id := p.plan("x.1", "r")
		p.step("r.1", "plan", "LeavePlan", id, anyReason())
		p.step("x.1", "plan", "InviteMember", id, map[string]any{"party": map[string]any{"agency": p.agency("z"), "unit": "u1"}, "basis": p.consented()})
		p.step("z.1", "plan", "JoinPlan", id)
		p.onConsent("c", "WithdrawConsent", "plans/"+id)
		p.onConsent("z.1", "AcknowledgeWithdrawal", "plans/"+id)
		p.pass(9 * 24 * time.Hour)
	}},
	"members/who was asked in, and declined": {"r", func(p *pairing) {
		id := p.plan("x.1")
		p.step("x.1", "plan", "InviteMember", id, map[string]any{"party": map[string]any{"agency": p.agency("r"), "unit": "u1"}, "basis": p.consented()})
		p.step("r.1", "plan", "DeclineInvitation", id, anyReason())
		p.step("x.1", "plan", "AddGoal", id, map[string]any{"text": "Oma koti."})
		p.step("x.1", "plan", "InviteMember", id, map[string]any{"party": map[string]any{"agency": p.agency("t"), "unit": "u2"}, "basis": p.consented()})
		p.step("x.1", "plan", "RevokePlan", id, anyReason())
	}},
	"members/its reports' forwards are recipients of nothing": {"r", func(p *pairing) {
		own := p.report("r.1", "t", "c", true, "")
		p.step("t.1", "concern", "ReceiveConcern", own)
		onward := p.forward("t.1", own, "y", true)
		p.step("y.1", "concern", "ReceiveConcern", onward)
		p.onConsent("c", "WithdrawConsent", "concerns/"+own)
		p.onConsent("t.1", "AcknowledgeWithdrawal", "concerns/"+own)
	}},
}
