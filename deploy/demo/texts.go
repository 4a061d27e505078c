package demo

import (
	"strings"
	"time"

	"koppi.internal/pkg/matter"
)

// actions describes each call in words.
var actions = map[string]string{
	"CheckOpenConcern":        "asks whether its own earlier report is still open at %s",
	"SubmitConcern":           "reports a concern (huoli-ilmoitus) to %s",
	"ReceiveConcern":          "receives it (vastaanotettu)",
	"TriageConcern":           "assesses how urgent it is and who should take it",
	"TakeConcern":             "takes it (otti kopin)",
	"ReassignConcern":         "reassigns it within the agency",
	"RecordContactAttempt":    "records an attempt to reach the client",
	"RecordFeedbackConsent":   "records whether the client lets the reporter hear how it goes on",
	"RequestInformation":      "asks the reporter a question",
	"ProvideInformation":      "answers the question",
	"StartAssessment":         "starts the assessment of service needs (palvelutarpeen arviointi)",
	"CompleteAssessment":      "completes the assessment",
	"CloseConcern":            "closes it with an outcome",
	"ForwardConcern":          "forwards it to %s",
	"DeclineConcern":          "declines it, with a reason",
	"WithdrawConcern":         "withdraws its report",
	"SettleConcern":           "settles the declined report",
	"GetConcern":              "reads the concern",
	"SendReferral":            "sends a referral (lähete) to %s",
	"ReceiveReferral":         "receives it (vastaanotettu)",
	"TriageReferral":          "assesses how urgent it is",
	"AcceptReferral":          "accepts it",
	"DeclineReferral":         "declines it, with a reason",
	"RedirectReferral":        "redirects it to %s",
	"ReassignReferral":        "reassigns it within the agency",
	"ScheduleAppointment":     "schedules an appointment",
	"RecordAppointmentResult": "records the result of the appointment",
	"ListWork":                "reads the worklist of all services",
	"FindClient":              "looks for a client by identity code",
	"OpenEmergencyReading":    "opens a reading in an emergency (hätäkatselu)",
	"ListEmergencyReadings":   "reads which emergency readings wait for a review",
	"ReviewEmergencyReading":  "reviews the emergency reading",
	"PutColleague":            "changes a colleague's record",
	"SetSecondWorker":         "sets the second worker (työpari)",
	"ListColleagues":          "reads who works in the unit",
	"SetDuty":                 "sets who is on duty (päivystysvuorot)",
	"SetAbsence":              "records an absence",
	"GetLoad":                 "reads how much work each colleague has",
	"ReassignWork":            "passes matters on",
	"ListAccesses":            "reads who looked (käyttöloki)",
	"AddProgressNote":         "adds a progress note",
	"RefuseCancellation":      "refuses the cancellation, with a reason",
	"CompleteReferral":        "completes it with an outcome",
	"CancelReferral":          "cancels it, or requests its cancellation",
	"SettleReferral":          "settles the declined referral",
	"GetReferral":             "reads the referral",
	"ListReferrals":           "reads the worklist of referrals",
	"OpenConsultation":        "asks %s for advice (konsultaatio)",
	"TakeConsultation":        "takes the question",
	"ReassignConsultation":    "reassigns the question within the agency",
	"PostMessage":             "posts a message in the conversation",
	"InviteParticipant":       "invites %s to the conversation",
	"CloseConsultation":       "closes the consultation, with its result",
	"GetConsultation":         "reads the consultation",
	"ListConsultations":       "reads the worklist of consultations",
	"SetReachability":         "sets until when it can be reached",
	"GetReachability":         "asks who can be reached now",
	"CreatePlan":              "begins a shared plan (yhteinen suunnitelma)",
	"InviteMember":            "invites %s to the plan",
	"JoinPlan":                "joins the plan",
	"DeclineInvitation":       "declines the invitation to the plan",
	"LeavePlan":               "leaves the plan",
	"StartPlan":               "starts the plan",
	"AddGoal":                 "adds a goal",
	"UpdateGoal":              "changes a goal",
	"AssessGoal":              "assesses how far the goal is reached",
	"AddAction":               "adds an action, with an owner and a due date",
	"ReassignAction":          "reassigns an action to %s",
	"CompleteAction":          "completes the action",
	"RecordClientView":        "records the client's view of the plan",
	"RecordSpecialSupport":    "records whether the client needs special support",
	"OfferResponsibility":     "offers the responsibility for the plan to %s",
	"AcceptResponsibility":    "accepts the responsibility",
	"DeclineResponsibility":   "declines the responsibility",
	"ScheduleReview":          "sets the next review",
	"StartReview":             "starts the review",
	"CompleteReview":          "completes the review",
	"EndPlan":                 "ends the plan",
	"GetPlan":                 "reads the plan",
	"ListPlans":               "reads the list of plans",
	"RevokeConcern":           "revokes it: entered in error",
	"RevokeReferral":          "revokes it: entered in error",
	"RevokeConsultation":      "revokes it: entered in error",
	"RevokePlan":              "revokes it: entered in error",
	"AcknowledgeRevocation":   "acknowledges that it has removed its copy",
	"GetClient":               "asks who the client is (a recorded reading)",
	"ListConcerns":            "reads the worklist",
	"ListGrounds":             "asks on which grounds it may send a message",
}

var phases = map[string]string{
	"LOOP_PHASE_SENT": "○ sent", "LOOP_PHASE_RECEIVED": "◔ received", "LOOP_PHASE_TAKEN": "◑ taken",
	"LOOP_PHASE_IN_PROGRESS": "◕ in progress", "LOOP_PHASE_WAITING": "◷ waiting", "LOOP_PHASE_CLOSED": "● closed",
	"LOOP_PHASE_DECLINED": "⊘ declined", "LOOP_PHASE_WITHDRAWN": "↩ withdrawn",
}

var grounds = map[string]string{
	"LEGAL_GROUND_CLIENT_CONSENT":         "with the client's consent",
	"LEGAL_GROUND_STATUTORY_NOTIFICATION": "without consent, by statutory notification",
	"LEGAL_GROUND_STATUTORY_ACCESS":       "by a statutory right",
	"LEGAL_GROUND_NO_PERSONAL_DATA":       "without personal data",
}

// rules explain why a field is withheld.
var rules = map[string]string{
	"receiver-only/earlier-concerns": "earlier concerns are for the receiver",
	"receiver-only/triage":           "the receiver's assessment stays with the receiver",
	"receiver-only/support-need":     "the need for support stays with the receiver",
	"receiver-only/track":            "who should take it stays with the receiver",
	"receiver-only/client-wish":      "the client's wish stays with the receiver",
	"receiver-only/reason":           "reasons within the agency stay there",
	"receiver-only/plan":             "the plan is for its members",
	"receiver-only/forward":          "the forwarding is disclosed, but not the new receiver",
	"no-consent/worker":              "without consent the agency is disclosed, not the worker",
	"no-consent/turn":                "a new due time would reveal that an assessment began",
	"no-consent/outcome":             "without consent the outcome of the message is disclosed, not that of the client",
	"no-consent/feedback":            "without consent the outcome of the message is disclosed, not that of the client",
	"no-consent/explanation":         "without consent the reason is disclosed, not its explanation",
	"statutory-access/service":       "a decision notice on statutory access is limited to kind, reason, documents and dates",
	"statutory-access/language":      "a decision notice on statutory access is limited to kind, reason, documents and dates",
	"known/snapshot":                 "an agency that knows the matter needs no copy of it",
	"erased":                         "the content has been erased",
}

// plain turns an enum's value into words: TOPIC_RENT_ARREARS with the prefix becomes rent arrears.
func plain(value, prefix string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(value, prefix), "_", " "))
}

// moment formats a time in the Finnish way, in Helsinki's time zone.
func moment(t time.Time) string { return t.In(matter.Helsinki()).Format("Mon 2.1.2006 15.04") }

// due formats a due time: as a day if it is the end of one, otherwise to the minute.
func due(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	if local := t.In(matter.Helsinki()); local.Format("15.04.05") == "23.59.59" {
		return local.Format("Mon 2.1.2006")
	}
	return moment(t)
}

// spaced separates the words of a type name: ConcernTaken becomes concern taken.
func spaced(name string) string {
	var text strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				text.WriteByte(' ')
			}
			r += 'a' - 'A'
		}
		text.WriteRune(r)
	}
	return text.String()
}
