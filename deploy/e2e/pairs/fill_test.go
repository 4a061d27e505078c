package pairs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// filled is the content of a step, as somebody may well say it.
func (d *drawing) filled(m *drawn, call, own string, view map[string]any) map[string]any {
	_, step, _ := strings.Cut(call, "/")
	now := d.b.now
	later := func(by time.Duration) string { return now.Add(by).Format(time.RFC3339Nano) }
	party := func(letter, worker string) map[string]any {
		return map[string]any{"agency": d.agency(letter), "unit": "u" + worker, "worker": workerOf(letter, d.set, worker)}
	}
	unit := map[string]any{"agency": d.agency(own), "unit": pick(d, "unit", "u1", "u2")}
	switch step {
	case "TriageConcern":
		body := map[string]any{
			"urgency": pick(d, "urgency", "URGENCY_EMERGENCY", "URGENCY_URGENT", "URGENCY_NORMAL"), "assignTo": unit,
			"supportNeed": pick(d, "need", "SUPPORT_NEED_LIGHT", "SUPPORT_NEED_NETWORK"),
		}
		if d.chance("in a group") {
			body["statutoryGroups"] = []any{pick(d, "group", "STATUTORY_GROUP_DISABLED_PERSON", "STATUTORY_GROUP_SPECIAL_SUPPORT_CHILD")}
		}
		return body
	case "TriageReferral":
		return map[string]any{"urgency": pick(d, "urgency", "URGENCY_EMERGENCY", "URGENCY_URGENT", "URGENCY_NORMAL")}
	case "ReassignConcern", "ReassignReferral", "ReassignConsultation":
		return map[string]any{"to": unit, "reason": pick(d, "reason", "Loma.", "Työtilanne muuttui.")}
	case "RecordContactAttempt":
		return map[string]any{"result": pick(d, "result", "CONTACT_RESULT_REACHED", "CONTACT_RESULT_NOT_REACHED"), "nextAttemptAt": later(pick(d, "next", time.Hour, 50*time.Hour))}
	case "RecordFeedbackConsent":
		if !d.chance("consented") {
			return map[string]any{"consented": false}
		}
		return map[string]any{"consented": true, "consentedAt": later(0)}
	case "PlanContact":
		return map[string]any{"at": later(time.Hour), "lapsesAt": later(48 * time.Hour)}
	case "RequestInformation":
		body := map[string]any{"question": "Mitä?", "dueAt": later(pick(d, "due", 30*time.Hour, 8*24*time.Hour))}
		if d.chance("papers") {
			body = map[string]any{"papers": []any{"lease"}}
		}
		return body
	case "ProvideInformation":
		return d.answered(own, view)
	case "AddInformation":
		switch pick(d, "adds", "words", "urgency", "topics") {
		case "urgency":
			return map[string]any{"urgency": pick(d, "urgency", "URGENCY_EMERGENCY", "URGENCY_URGENT")}
		case "topics":
			if m.service == "concern" {
				return map[string]any{"topics": []any{"TOPIC_GAMBLING"}}
			}
		}
		return map[string]any{"text": pick(d, "text", "Avain on naapurilla.", "Hakija muutti.")}
	case "CompleteAssessment":
		return map[string]any{"supportNeed": pick(d, "need", "SUPPORT_NEED_LIGHT", "SUPPORT_NEED_NETWORK")}
	case "CloseConcern":
		return map[string]any{"outcome": pick(d, "outcome", "OUTCOME_GUIDED", "OUTCOME_SERVICE_STARTED"), "feedback": pick(d, "feedback", "Kiitos.", "")}
	case "ForwardConcern", "RedirectReferral":
		to := d.another(own)
		body := map[string]any{"receiver": d.party(to), "basis": d.consent()}
		if step == "ForwardConcern" {
			body["receiver"] = d.toldConcern(to, m.client)
			body["topics"], body["keepOpen"] = []any{"TOPIC_OTHER"}, d.chance("keep open")
		} else {
			body["explanation"] = "Muualle."
		}
		return body
	case "DeclineConcern":
		return map[string]any{"reason": pick(d, "reason", "DECLINE_REASON_WRONG_AGENCY", "DECLINE_REASON_CLIENT_UNKNOWN"), "explanation": "Ei meille.", "suggestedReceiver": map[string]any{"agency": d.agency("z")}}
	case "DeclineReferral":
		return map[string]any{"reason": "REFERRAL_DECLINE_REASON_DUPLICATE", "explanation": "Jo meillä."}
	case "ScheduleAppointment":
		return map[string]any{"at": later(20 * time.Hour), "place": "Aula"}
	case "RecordAppointmentResult":
		return map[string]any{"appointmentId": lastOf(view, "appointments", "appointmentId"), "result": "APPOINTMENT_RESULT_ATTENDED"}
	case "AddProgressNote", "PostMessage", "UpdateGoal", "AddGoal", "AddAction":
		body := map[string]any{"text": pick(d, "text", "Etenee.", "Sovittiin tapaaminen.")}
		if step == "UpdateGoal" {
			body["goalId"] = lastOf(view, "goals", "goalId")
		}
		if asker, _ := view["asker"].(map[string]any); step == "PostMessage" && asker["agency"] != d.agency(own) {
			body["asks"] = d.chance("asks")
		}
		if step == "AddAction" {
			body["owner"], body["dueAt"] = unit, later(pick(d, "due", 30*time.Hour, 8*24*time.Hour))
		}
		return body
	case "RefuseCancellation":
		return map[string]any{"explanation": "Kesken."}
	case "CompleteReferral":
		return map[string]any{"outcome": "REFERRAL_OUTCOME_SERVICE_GIVEN", "outcomeNote": "Valmis."}
	case "InviteMember":
		return map[string]any{"party": d.member(own), "basis": d.consent()}
	case "InviteParticipant":
		return map[string]any{"participant": d.member(own), "basis": d.consent()}
	case "OfferResponsibility":
		return map[string]any{"to": party(own, "2"), "reason": "Loma."}
	case "AssessGoal":
		return map[string]any{"goalId": lastOf(view, "goals", "goalId"), "score": 1}
	case "ReassignAction":
		return map[string]any{"actionId": lastOf(view, "actions", "actionId"), "to": unit}
	case "CompleteAction":
		return map[string]any{"actionId": lastOf(view, "actions", "actionId"), "note": "Tehty."}
	case "ScheduleReview":
		return map[string]any{"at": later(100 * time.Hour)}
	case "CompleteReview":
		return map[string]any{"nextReviewAt": later(900 * time.Hour), "summary": "Hyvin."}
	case "RecordClientView":
		return map[string]any{"feltHeard": true, "comment": "Kuultiin."}
	case "RecordSpecialSupport":
		return map[string]any{"specialSupport": d.chance("special support")}
	default:
		if reason := methodOf(call).Input().Fields().ByName("reason"); reason != nil && reason.Kind() == protoreflect.StringKind {
			return map[string]any{"reason": "Syy."}
		}
		return map[string]any{}
	}
}

// member is the unit of another agency that is asked in.
func (d *drawing) member(own string) map[string]any {
	party := d.party(d.another(own))
	if party["unit"] == nil {
		party["unit"] = "u1"
	}
	return party
}

// another is an agency to which something is passed on; of the reader's the partner.
func (d *drawing) another(own string) string {
	if own == d.reader {
		return d.partner
	}
	to := pick(d, "another", d.reader, "z", "y", "x")
	if to == own {
		return "z"
	}
	return to
}

// lastOf is the id of the last of a view's list.
func lastOf(view map[string]any, list, id string) string {
	all, _ := view[list].([]any)
	if len(all) == 0 {
		return ""
	}
	last, _ := all[len(all)-1].(map[string]any)
	return fmt.Sprint(last[id])
}

// answered is an answer to the last request that has none, or its end by the side that asked.
func (d *drawing) answered(own string, view map[string]any) map[string]any {
	requests, _ := view["informationRequests"].([]any)
	for _, one := range slices.Backward(requests) {
		request, _ := one.(map[string]any)
		if _, answered := request["answeredAt"]; answered {
			continue
		}
		body := map[string]any{"informationRequestId": request["informationRequestId"], "answer": "Näin."}
		by, _ := request["by"].(map[string]any)
		switch {
		case by["agency"] == d.agency(own):
			delete(body, "answer")
			body["code"] = "ANSWER_CODE_NO_LONGER_NEEDED"
		case d.chance("code"):
			delete(body, "answer")
			body["code"] = "ANSWER_CODE_CALL_US"
		}
		return body
	}
	return map[string]any{"informationRequestId": lastOf(view, "informationRequests", "informationRequestId"), "answer": "Näin."}
}
