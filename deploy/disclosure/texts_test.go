package disclosure

import (
	"slices"
	"strings"
	"testing"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// attachments is the field with the names of attachments.
const attachments = "attachments.filename"

// freeTexts are the free texts that the ground allows readers with limited access. A reader that is not
// listed acts on the client's consent or a statutory right, and sees the whole matter.
var freeTexts = map[string]map[string][]string{
	"concern": {
		// What a reporter may disclose without consent (1301/2014 § 35.2), with a description if the
		// agency's profile is NECESSARY, and the receiver's own texts.
		"receiver, no consent": {
			"ConcernSubmitted.description", "ConcernSubmitted." + attachments, "InformationProvided.answer", "InformationProvided." + attachments, "EnteredInError.reason",
			"ConcernReassigned.reason", "InformationRequested.question", "ConcernClosed.feedback", "ConcernClosed." + attachments, "ConcernDeclined.explanation",
			"ConcernTriaged.reason", "ContactAttempted.guided_to.organisation", "ContactAttempted.guided_to.what", "ContactAttempted.note", "ConcernClosed.guided_to.organisation",
			"ConcernClosed.guided_to.what", "ConcernClosed.note", "AppointmentScheduled.place", "InformationAdded.text", "InformationAdded." + attachments,
		},
		// The question to it, and its own texts. The receiver neither adds anything for it nor answers it in words.
		"reporter, no consent": {
			"InformationAdded.text", "InformationAdded." + attachments,
			"InformationRequested.question", "ConcernSubmitted.description", "ConcernSubmitted." + attachments, "InformationProvided.answer", "InformationProvided." + attachments,
			"ConcernWithdrawn.reason", "ConcernSettled.reason", "EnteredInError.reason",
		},
		// No texts from one official to another (621/1999 § 11); what is said to the client.
		"client": {
			"ContactAttempted.guided_to.organisation", "ContactAttempted.guided_to.what", "ConcernClosed.guided_to.organisation", "ConcernClosed.guided_to.what", "AppointmentScheduled.place",
			"ConcernSubmitted.description", "ConcernSubmitted." + attachments, "ConcernDeclined.explanation", "ConcernWithdrawn.reason", "ConcernSettled.reason", "EnteredInError.reason",
		},
	},
	"referral": {
		"consent withdrawn": {"EnteredInError.reason"},
		"client": {
			"ReferralSent.reason", "ReferralSent." + attachments, "ReferralRedirected.explanation", "ReferralDeclined.explanation", "AppointmentScheduled.place", "ReferralCompleted.outcome_note",
			"ReferralCompleted." + attachments, "ReferralSettled.reason", "ReferralCancelled.reason", "EnteredInError.reason",
		},
	},
	"consultation": {
		"consent withdrawn": {"EnteredInError.reason"},
		"client":            {"ConsultationOpened.topic", "EnteredInError.reason"},
	},
	"plan": {
		"consent withdrawn": {"EnteredInError.reason"},
		"client": {
			"GoalAdded.text", "GoalUpdated.text", "GoalAssessed.note", "ActionAdded.text", "ActionCompleted.note", "ActionCompleted." + attachments, "ClientViewRecorded.comment",
			"ReviewCompleted.summary", "PlanEnded.reason", "EnteredInError.reason",
		},
	},
}

// Free text reaches a reader only if the ground of the matter allows it. Texts that only Koppi sets, the
// client's identity and unclassified texts reach no reader by an event.
func TestFreeTextRecipients(t *testing.T) {
	for _, part := range parts(t) {
		seen := map[string]map[string]bool{}
		for _, text := range part.texts() {
			where := part.service + ": " + text.Event + "." + text.Path
			switch text.Class {
			case commonv1.TextClass_TEXT_CLASS_KEY, commonv1.TextClass_TEXT_CLASS_FORM:
				// The worker that the reporter addressed is its own information.
				if text.Reader == "reporter, no consent" && strings.HasSuffix(text.Path, "worker") && text.Event != "ConcernSubmitted" {
					t.Errorf("%s names a worker to a reporter without consent", where)
				}
			case commonv1.TextClass_TEXT_CLASS_FREE:
				allowed, limited := freeTexts[part.service][text.Reader]
				if limited && !slices.Contains(allowed, text.Event+"."+text.Path) {
					t.Errorf("%s reaches %s, which is not listed here", where, text.Reader)
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
					t.Errorf("%s: %s no longer reaches %s: remove it from the list", part.service, text, reader)
				}
			}
		}
	}
}
