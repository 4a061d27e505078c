package sandbox

import (
	"maps"
	"strings"
	"time"
)

// known is what a robot's agency knows of one matter, by the messages of its mailbox.
type known struct {
	// subject is the matter's name, such as "concerns/0198…", and began the event with which the agency learned of it.
	subject, began string
	// unit is the unit that is responsible at the agency.
	unit string
	// kind is that of a referral.
	kind string
	// at is when it began, and happened the events since then.
	at       time.Time
	happened map[string]bool
	// over says that the robot has nothing more to do: it ended, or a reply was refused.
	over bool
}

// reply is a command with which a robot answers.
type reply struct {
	method string
	body   map[string]any
}

// rule is a reply that is given until the event happens that it causes.
type rule struct {
	until, method string
	body          map[string]any
	// late replies wait until the delay has passed since the beginning.
	late bool
}

const (
	question = "Mitä asiakas on itse toivonut? (Testiympäristön robotti kysyy.)"
	thanks   = "Asiakas on tavattu. (Testiympäristön robotti vastaa.)"
)

// rules are what a robot does about a matter, in order, by the event with which the matter reached its agency. A
// person of a county or of Kela would do the same.
var rules = map[string][]rule{
	"ConcernSubmitted": {
		{until: "ConcernReceived", method: "ReceiveConcern"},
		{until: "ConcernTaken", method: "TakeConcern"},
		{until: "InformationRequested", method: "RequestInformation", body: map[string]any{"question": question}},
		{until: "ContactAttempted", method: "RecordContactAttempt", body: map[string]any{"result": "CONTACT_RESULT_REACHED"}, late: true},
		{until: "ConcernClosed", method: "CloseConcern", body: map[string]any{"outcome": "OUTCOME_SERVICE_STARTED", "feedback": thanks}, late: true},
	},
	"ReferralSent": {
		{until: "ReferralReceived", method: "ReceiveReferral"},
		{until: "ReferralAccepted", method: "AcceptReferral"},
		{until: "InformationRequested", method: "RequestInformation", body: map[string]any{"question": question}},
		{until: "ReferralCompleted", method: "CompleteReferral", body: map[string]any{"outcome": "REFERRAL_OUTCOME_SERVICE_STARTED"}, late: true},
	},
	// A notice or documents are read, and nothing is asked.
	"ReferralSent of papers": {
		{until: "ReferralReceived", method: "ReceiveReferral"},
		{until: "ReferralCompleted", method: "CompleteReferral", body: map[string]any{"outcome": "REFERRAL_OUTCOME_ACKNOWLEDGED"}, late: true},
	},
	"ConsultationOpened": {
		{until: "ConsultationTaken", method: "TakeConsultation"},
		{until: "MessagePosted", method: "PostMessage", body: map[string]any{"text": thanks, "answers": true}, late: true},
	},
	"MemberInvited": {{until: "MemberJoined", method: "JoinPlan"}},
}

// acknowledged are the events that every holder of a matter acknowledges, whoever began it.
var acknowledged = map[string]rule{
	"ConsentWithdrawn": {until: "WithdrawalAcknowledged", method: "koppi.consent.v1.ConsentService/AcknowledgeWithdrawal"},
	"EnteredInError":   {until: "RevocationAcknowledged", method: "AcknowledgeRevocation"},
}

// ended are the events after which nothing is asked of the receiver.
var ended = []string{
	"ConcernClosed", "ConcernDeclined", "ConcernWithdrawn", "ConcernSettled", "ConcernForwarded", "ReferralCompleted", "ReferralDeclined",
	"ReferralCancelled", "ReferralSettled", "ReferralRedirected", "ConsultationClosed", "PlanEnded",
}

// next is the reply that a matter waits for at a time; none if there is nothing to do now.
func next(m known, now time.Time, delay time.Duration) (reply, bool) {
	for event, rule := range acknowledged {
		if m.happened[event] {
			return m.reply(rule), !m.happened[rule.until] && !m.over
		}
	}
	for _, event := range ended {
		if m.happened[event] {
			return reply{}, false
		}
	}
	began := m.began
	if m.kind == "REFERRAL_KIND_DECISION_NOTICE" || m.kind == "REFERRAL_KIND_DOCUMENTS" {
		began += " of papers"
	}
	for _, rule := range rules[began] {
		if m.happened[rule.until] {
			continue
		}
		return m.reply(rule), !m.over && (!rule.late || !now.Before(m.at.Add(delay)))
	}
	return reply{}, false
}

// reply is the command of a rule on this matter.
func (m known) reply(r rule) reply {
	collection, id, _ := strings.Cut(m.subject, "/")
	service := strings.TrimSuffix(collection, "s")
	body := map[string]any{service + "Id": id}
	maps.Copy(body, r.body)
	if strings.Contains(r.method, "/") {
		return reply{method: r.method, body: map[string]any{"subject": m.subject}}
	}
	name := strings.ToUpper(service[:1]) + service[1:]
	return reply{method: "koppi." + service + ".v1." + name + "Service/" + r.method, body: body}
}
