package disclosure

import (
	"slices"
	"strings"
	"testing"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// papers are the names of papers, which come with a text.
const papers = "attachments.filename"

// freeTexts are those that the ground allows a reader who is not told all: of whoever is not
// here each party acts on the client's consent or a statutory right, and sees the matter whole.
var freeTexts = map[string]map[string][]string{
	"concern": {
		// What a reporter may say without consent (1301/2014 § 35.2), of an agency whose profile
		// is NECESSARY a description too; and its own deeds.
		"receiver, no consent": {
			"ConcernSubmitted.description", "ConcernSubmitted." + papers, "InformationProvided.answer", "InformationProvided." + papers, "EnteredInError.reason",
			"ConcernReassigned.reason", "InformationRequested.question", "ConcernClosed.feedback", "ConcernClosed." + papers, "ConcernDeclined.explanation",
		},
		// What it is asked, and its own deeds.
		"reporter, no consent": {
			"InformationRequested.question", "ConcernSubmitted.description", "ConcernSubmitted." + papers, "InformationProvided.answer", "InformationProvided." + papers,
			"ConcernWithdrawn.reason", "ConcernSettled.reason", "EnteredInError.reason",
		},
		// No words of one official to another (621/1999 § 11).
		"client": {
			"ConcernSubmitted.description", "ConcernSubmitted." + papers, "ConcernDeclined.explanation", "ConcernWithdrawn.reason", "ConcernSettled.reason", "EnteredInError.reason",
		},
	},
	"referral": {
		"consent withdrawn": {"EnteredInError.reason"},
		"client": {
			"ReferralSent.reason", "ReferralSent." + papers, "ReferralRedirected.explanation", "ReferralDeclined.explanation", "AppointmentScheduled.place", "ReferralCompleted.outcome_note",
			"ReferralCompleted." + papers, "ReferralSettled.reason", "ReferralCancelled.reason", "EnteredInError.reason",
		},
	},
	"consultation": {
		"consent withdrawn": {"EnteredInError.reason"},
		"client":            {"ConsultationOpened.topic", "EnteredInError.reason"},
	},
	"plan": {
		"consent withdrawn": {"EnteredInError.reason"},
		"client": {
			"GoalAdded.text", "GoalUpdated.text", "GoalAssessed.note", "ActionAdded.text", "ActionCompleted.note", "ActionCompleted." + papers, "ClientViewRecorded.comment",
			"ReviewCompleted.summary", "PlanEnded.reason", "EnteredInError.reason",
		},
	},
}

// Free text reaches a reader only where the ground of the matter allows it; what Koppi alone
// sets, who the client is and what nobody classified reach nobody by an event.
func TestFreeTextGoesWhereTheGroundAllows(t *testing.T) {
	for _, part := range parts(t) {
		seen := map[string]map[string]bool{}
		for _, text := range part.texts() {
			where := part.service + ": " + text.Event + "." + text.Path
			switch text.Class {
			case commonv1.TextClass_TEXT_CLASS_KEY, commonv1.TextClass_TEXT_CLASS_FORM:
				// Whom it addressed is its own.
				if text.Reader == "reporter, no consent" && strings.HasSuffix(text.Path, "worker") && text.Event != "ConcernSubmitted" {
					t.Errorf("%s names a worker to a reporter without consent", where)
				}
			case commonv1.TextClass_TEXT_CLASS_FREE:
				allowed, limited := freeTexts[part.service][text.Reader]
				if limited && !slices.Contains(allowed, text.Event+"."+text.Path) {
					t.Errorf("%s reaches %s, and no ground for that is named here", where, text.Reader)
				}
				if seen[text.Reader] == nil {
					seen[text.Reader] = map[string]bool{}
				}
				seen[text.Reader][text.Event+"."+text.Path] = true
			default:
				t.Errorf("%s reaches %s: %s", where, text.Reader, text.Class)
			}
		}
		for reader, allowed := range freeTexts[part.service] {
			for _, text := range allowed {
				if !seen[reader][text] {
					t.Errorf("%s: %s does not reach %s any more: take it off the list", part.service, text, reader)
				}
			}
		}
	}
}
