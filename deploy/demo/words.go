package demo

import (
	"strings"
	"time"

	"koppi.internal/pkg/loop"
)

// deeds says what each call does, in words.
var deeds = map[string]string{
	"CheckOpenConcern":     "asks whether its own earlier report is in hand at %s",
	"SubmitConcern":        "reports a concern (huoli-ilmoitus) to %s",
	"ReceiveConcern":       "receives it (vastaanotettu)",
	"TriageConcern":        "judges how urgent it is and who should take it",
	"TakeConcern":          "takes it (otti kopin)",
	"ReassignConcern":      "passes it on within the agency",
	"RecordContactAttempt": "tries to reach the client",
	"RequestInformation":   "asks the reporter back",
	"ProvideInformation":   "answers the question",
	"StartAssessment":      "starts the assessment of service needs (palvelutarpeen arviointi)",
	"CompleteAssessment":   "completes the assessment",
	"CloseConcern":         "closes it with an outcome",
	"ForwardConcern":       "forwards it to %s",
	"DeclineConcern":       "declines it, with a reason",
	"WithdrawConcern":      "withdraws its report",
	"SettleConcern":        "settles the declined report",
	"GetConcern":           "reads the concern",
	"GetClient":            "asks who the client is (a recorded reading)",
	"ListConcerns":         "looks at the worklist",
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

// rules explains why a field is withheld.
var rules = map[string]string{
	"receiver-only/earlier-concerns": "earlier concerns are for the receiver",
	"receiver-only/triage":           "the receiver's judgement stays with the receiver",
	"receiver-only/support-need":     "the need of support stays with the receiver",
	"receiver-only/track":            "who should take it stays with the receiver",
	"receiver-only/client-wish":      "the client's wish stays with the receiver",
	"receiver-only/reason":           "reasons within the agency stay there",
	"receiver-only/plan":             "the plan is for its members",
	"receiver-only/forward":          "that it was forwarded may be told, not to whom",
	"no-consent/worker":              "without consent the agency is told, not the worker",
	"no-consent/turn":                "a new due time would tell that an assessment began",
	"no-consent/outcome":             "without consent the fate of the message is told, not of the client",
	"no-consent/feedback":            "without consent the fate of the message is told, not of the client",
	"no-consent/explanation":         "without consent the reason is told, not its explanation",
	"erased":                         "the content has been erased",
}

// plain makes an enum's value a word: TOPIC_RENT_ARREARS, rent arrears.
func plain(value, prefix string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(value, prefix), "_", " "))
}

// moment is a time as Finns write it.
func moment(t time.Time) string { return t.In(loop.Helsinki()).Format("Mon 2.1.2006 15.04") }

// due is a due time: a day where it ends with one, else to the minute.
func due(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	if local := t.In(loop.Helsinki()); local.Format("15.04.05") == "23.59.59" {
		return local.Format("Mon 2.1.2006")
	}
	return moment(t)
}

// spaced separates a type name's words: ConcernTaken, concern taken.
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
