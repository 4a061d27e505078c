package pairs

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
)

// replay has happen in world A what was disclosed to the reader in world B, by steps of somebody from whom
// nothing is hidden. Steps of others that were not disclosed to the reader do not happen there.
func (p *pairing) replay(one *happened) {
	p.moves, p.present = 0, one
	replayed, before := false, map[any]bool{}
	p.a.arrived(p.agency(p.reader))
	for _, message := range p.byItself(one) {
		sequence := uint64(testkit.Must(numberOf(fmt.Sprint(message["sequence"]))))
		if p.a.heads[fmt.Sprint(message["service"])] >= sequence {
			continue
		}
		d, body, own := p.discloser(message)
		switch {
		case own && one.Call == "":
			// What the clock tells of a report that joined is there the step itself, taken at
			// that time. Where it stood still, several reports' steps fall on one moment.
			p.moves = 0
			p.move(one, d, body)
			if before[message["subject"]] {
				p.apart = append(p.apart, difference{path: "the clock tells two steps of one report at one moment", b: disclosedText(one.disclosed)})
			}
			before[message["subject"]] = true
		case own && p.byLead(message):
			// The report cannot be stepped itself, and its reporter may know of the step.
			if !replayed {
				replayed = true
				p.again(one)
			}
		case own:
			p.move(one, d, body)
		case one.Call == "" || p.isReader(one.Who):
			p.apart = append(p.apart, difference{path: "told in B alone, by the reader's own step or the clock", b: disclosedText([]map[string]any{message})})
		case !replayed:
			replayed = true
			p.again(one)
		}
		p.a.arrived(p.agency(p.reader))
		if len(p.apart) > 0 {
			return
		}
	}
	p.settle(p.a, one.disclosed)
	if p.moves > 1 && !impliesReceipt(one) {
		p.apart = append(p.apart, difference{
			path: fmt.Sprintf("told at one moment what takes %d steps where nothing is hidden", p.moves),
			b:    one.Call + " " + asJSON(one.Body) + " told " + disclosedText(one.disclosed),
		})
	}
}

// byItself are the messages of one moment, those first that come by themselves in world A too:
// which of several subjects' comes first at one tick of the clock is chance.
func (p *pairing) byItself(one *happened) []map[string]any {
	if one.Call != "" {
		return one.disclosed
	}
	own := func(message map[string]any) int {
		if _, _, own := p.discloser(message); own {
			return 1
		}
		return 0
	}
	arranged := slices.Clone(one.disclosed)
	slices.SortStableFunc(arranged, func(a, b map[string]any) int { return cmp.Compare(own(a), own(b)) })
	places := map[any][]any{}
	for _, message := range one.disclosed {
		places[message["service"]] = append(places[message["service"]], message["sequence"])
	}
	for i, message := range arranged {
		of := places[message["service"]]
		arranged[i], _ = withSequence(message, of[0]).(map[string]any)
		places[message["service"]] = of[1:]
	}
	return arranged
}

// byThemselves are the events of a report that the reader's own step causes, or the clock. A tombstone has no event.
var byThemselves = []string{
	"", "ConcernSubmitted", "ConcernJoined", "ConcernPromoted", "ConcernWithdrawn", "ConcernSettled", "ConcernOverdue", "WithdrawalOverdue",
	"EnteredInError", "RevocationOverdue", "InformationRequestLapsed",
}

// discloser returns the step in world A by which a message about the reader's own report, or about what the
// reader passed on, is disclosed to the reader. It returns false if this is the same step as in B, since
// the reader sees all of the matter.
func (p *pairing) discloser(message map[string]any) (doing, map[string]any, bool) {
	subject := fmt.Sprint(message["subject"])
	collection, id, _ := strings.Cut(subject, "/")
	event, _ := message["event"].(map[string]any)
	if collection != "concerns" || !p.reported(id) {
		if eventOf(message) == "ForwardAnswered" {
			return p.answered(event)
		}
		return doing{}, nil, false
	}
	who, body := p.doer(message), map[string]any{"concernId": id}
	if isThread(eventOf(message)) && who[:1] == p.reader {
		// The reader itself asked, answered or added.
		return doing{}, nil, false
	}
	step := ""
	switch eventOf(message) {
	case "ConcernReceived":
		step = "ReceiveConcern"
	case "ConcernTriaged":
		step = "TriageConcern"
		body["urgency"] = "URGENCY_NORMAL"
		carry(body, "assignTo", asNamed(event["assignedTo"]))
	case "ConcernTaken":
		step = "TakeConcern"
	case "ConcernReassigned":
		step = "ReassignConcern"
		body["reason"] = "muu syy"
		carry(body, "to", asNamed(event["to"]))
	case "ContactPlanned":
		step = "PlanContact"
		carry(body, "at", event["at"])
		carry(body, "lapsesAt", event["lapsesAt"])
	case "ContactAttempted":
		step = "RecordContactAttempt"
		carry(body, "result", event["result"])
		carry(body, "nextAttemptAt", event["nextAttemptAt"])
	case "AppointmentScheduled":
		step = "ScheduleAppointment"
		carry(body, "at", event["at"])
	case "AppointmentResultRecorded":
		step = "RecordAppointmentResult"
		carry(body, "appointmentId", event["appointmentId"])
		carry(body, "result", event["result"])
	case "InformationRequested":
		step = "RequestInformation"
		carry(body, "question", event["question"])
		carry(body, "papers", event["papers"])
		carry(body, "dueAt", event["dueAt"])
	case "InformationProvided":
		step = "ProvideInformation"
		carry(body, "informationRequestId", event["informationRequestId"])
		carry(body, "answer", event["answer"])
		carry(body, "code", event["code"])
	case "InformationAdded":
		step = "AddInformation"
		carry(body, "text", event["text"])
	case "FeedbackConsentRecorded":
		step = "RecordFeedbackConsent"
		carry(body, "consented", event["consented"])
		carry(body, "consentedAt", event["consentedAt"])
		if event["consented"] == true {
			p.reach(id, who, event)
		}
	case "AssessmentStarted":
		step = "StartAssessment"
	case "AssessmentCompleted":
		step = "CompleteAssessment"
		body["supportNeed"] = "SUPPORT_NEED_LIGHT"
	case "ConcernForwarded":
		step = "ForwardConcern"
		body["receiver"] = map[string]any{"agency": p.agency(p.third(who))}
		body["basis"], body["topics"] = testkit.ConsentBasis(), []any{"TOPIC_OTHER"}
	case "ConcernClosed":
		return p.closer(message, id, who, body, event)
	case "ConcernDeclined":
		step = "DeclineConcern"
		body["explanation"] = "muualle"
		carry(body, "reason", event["reason"])
		carry(body, "explanation", p.explained(message))
		carry(body, "suggestedReceiver", asNamed(event["suggestedReceiver"]))
	case "ConsentWithdrawn":
		return p.withdrawer(message, subject, event)
	case "WithdrawalAcknowledged":
		return p.said(doing{Who: who, Call: "koppi.consent.v1.ConsentService/AcknowledgeWithdrawal"}, map[string]any{"subject": subject})
	case "RevocationAcknowledged":
		step = "AcknowledgeRevocation"
	default:
		// Of a step of the reader's own, or of the clock: it must have come by itself.
		if event := eventOf(message); !slices.Contains(byThemselves, event) {
			p.t.Errorf("%s of a report: name the step that causes it in discloser, or say in byThemselves that it needs none", event)
		}
		return doing{}, nil, false
	}
	return p.said(doing{Who: who, Call: testkit.ConcernService + step}, body)
}

// said is a step as it is taken in world A.
func (p *pairing) said(d doing, body map[string]any) (doing, map[string]any, bool) {
	// What a message tells of traces may go by that of who took the step, and by no other.
	d.Trace = p.present.Trace
	body = copied(body)
	body["requestId"] = uuid.NewString()
	disclosed, _ := p.names.inA(body, p.loose).(map[string]any)
	return d, disclosed, true
}

// byLead tells whether a report follows another of the reader's reports, as the reader is shown,
// on consent: it is then told of that one's steps, also of those that without consent are not
// told of that one itself, and what it lacks before comes first.
func (p *pairing) byLead(message map[string]any) bool {
	joined, consent := false, false
	for _, one := range p.log {
		for _, disclosed := range one.disclosed {
			if disclosed["subject"] != message["subject"] {
				continue
			}
			switch eventOf(disclosed) {
			case "ConcernSubmitted":
				basis, _ := disclosed["basis"].(map[string]any)
				consent = basis["ground"] == "LEGAL_GROUND_CLIENT_CONSENT"
			case "ConcernJoined":
				joined = true
			case "FeedbackConsentRecorded":
				event, _ := disclosed["event"].(map[string]any)
				consent = event["consented"] == true
			case "ConsentWithdrawn":
				consent = false
			}
		}
		if one == p.present {
			break
		}
	}
	return joined && consent && eventOf(message) != "ConcernReceived"
}

// reach takes in world A the steps that lead a report to the state and the responsible party that its
// reporter is told when it begins to hear. They too are told to nobody but the receiver.
func (p *pairing) reach(id, who string, event map[string]any) {
	hidden := func(step string, content map[string]any) map[string]any {
		body := map[string]any{"concernId": id}
		maps.Copy(body, content)
		d, named, _ := p.said(doing{Who: who, Call: testkit.ConcernService + step}, body)
		if step == "GetConcern" {
			delete(named, "requestId")
		}
		got := p.call(p.a, d, named)
		concern, _ := got.field("concern").(map[string]any)
		if !got.ok() {
			p.apart = append(p.apart, difference{path: "what B tells cannot come about where nothing is hidden: " + step, a: got.String(), b: asJSON(event)})
		}
		return concern
	}
	concern := hidden("GetConcern", nil)
	for _, next := range []struct {
		step   string
		states []string
	}{
		{"TriageConcern", []string{"TRIAGED"}}, {"StartAssessment", []string{"IN_ASSESSMENT", "ASSESSED"}}, {"CompleteAssessment", []string{"ASSESSED"}},
	} {
		offered, _ := concern["availableActions"].([]any)
		state := strings.TrimPrefix(fmt.Sprint(event["state"]), "CONCERN_STATE_")
		if slices.Contains(next.states, state) && slices.Contains(offered, any(next.step)) {
			concern = hidden(next.step, nil)
		}
	}
	status, _ := concern["status"].(map[string]any)
	if asJSON(asNamed(status["responsible"])) != asJSON(asNamed(event["holder"])) {
		hidden("ReassignConcern", map[string]any{"to": asNamed(event["holder"]), "reason": "muu syy"})
	}
}

func carry(body map[string]any, field string, value any) {
	if value != nil {
		body[field] = value
	}
}

// asNamed is a party as one that is told nothing hidden can be named: by keys, and in no words.
func asNamed(party any) any {
	fields, is := party.(map[string]any)
	if !is {
		return nil
	}
	kept := map[string]any{}
	for _, key := range []string{"agency", "unit", "worker"} {
		if word, ok := fields[key].(string); ok && wordForm.MatchString(word) {
			kept[key] = word
		}
	}
	return kept
}

var wordForm = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// reported tells whether a concern is a report of the reader's agency.
func (p *pairing) reported(id string) bool {
	for _, one := range p.log {
		for _, message := range one.disclosed {
			if message["subject"] == "concerns/"+id && eventOf(message) == "ConcernSubmitted" {
				from, _ := message["from"].(map[string]any)
				return from["agency"] == p.agency(p.reader)
			}
		}
	}
	return false
}

// closer closes a report as the reader was told: by whoever has it, or since another
// agency, of which the reader is not told, caught what was forwarded there.
func (p *pairing) closer(message map[string]any, id, who string, body, event map[string]any) (doing, map[string]any, bool) {
	from, _ := message["from"].(map[string]any)
	inA, _ := p.names.inA(id, p.loose).(string)
	if onward, is := p.onward[inA]; is && event["outcome"] == "OUTCOME_FORWARDED" && from["worker"] == nil {
		return p.said(doing{Who: onward.agency[:1] + ".1", Call: testkit.ConcernService + "TakeConcern"}, map[string]any{"concernId": onward.id})
	}
	body["outcome"] = "OUTCOME_GUIDED"
	for _, one := range append(slices.Clone(p.present.disclosed), message) {
		// One step may close two reports of the reader, one of them on consent.
		if closed, _ := one["event"].(map[string]any); eventOf(one) == "ConcernClosed" {
			carry(body, "outcome", closed["outcome"])
			carry(body, "feedback", closed["feedback"])
		}
	}
	return p.said(doing{Who: who, Call: testkit.ConcernService + "CloseConcern"}, body)
}

// withdrawer takes back the consent of a report: the client, or an agency in its name.
func (p *pairing) withdrawer(message map[string]any, subject string, event map[string]any) (doing, map[string]any, bool) {
	who := p.doer(message)
	if event["byClient"] == true {
		who = p.clientOf(subject)
	}
	return p.said(doing{Who: who, Call: "koppi.consent.v1.ConsentService/WithdrawConsent"}, map[string]any{"subject": subject})
}

// explained is the explanation of a decline: of the message itself, or of another of that moment, since
// a decline ends all reports that follow, and only those on consent are told why.
func (p *pairing) explained(message map[string]any) any {
	for _, one := range p.log {
		for _, other := range one.disclosed {
			event, _ := other["event"].(map[string]any)
			if other["occurredAt"] == message["occurredAt"] && eventOf(other) == eventOf(message) && event["explanation"] != nil {
				return event["explanation"]
			}
		}
	}
	return nil
}

// answered is what an agency does with a concern that the reader's agency forwarded to it.
func (p *pairing) answered(event map[string]any) (doing, map[string]any, bool) {
	id := fmt.Sprint(event["forwardedConcernId"])
	body := map[string]any{"concernId": id}
	who := ""
	for _, one := range p.log {
		if one.answer.field("forwardedConcernId") == id {
			receiver, _ := one.Body["receiver"].(map[string]any)
			who = fmt.Sprint(receiver["agency"])[:1] + ".1"
		}
	}
	switch event["phase"] {
	case "LOOP_PHASE_TAKEN", "LOOP_PHASE_IN_PROGRESS":
		return p.said(doing{Who: who, Call: testkit.ConcernService + "TakeConcern"}, body)
	case "LOOP_PHASE_DECLINED":
		body["reason"], body["explanation"] = "DECLINE_REASON_WRONG_AGENCY", "muualle"
		return p.said(doing{Who: who, Call: testkit.ConcernService + "DeclineConcern"}, body)
	default:
		return doing{}, nil, false
	}
}
