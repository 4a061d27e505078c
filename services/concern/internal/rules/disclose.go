package rules

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// The audiences of a concern: its reporter, with the client's consent to hear how it goes on or
// without it, and the client. The matter is the receiver's, so everything about it is disclosed to the receiver; but in
// a report without consent only those words that the law lets a reporter say.
const (
	Consent   matter.Audience = "consent"
	NoConsent matter.Audience = "no-consent"
	Client    matter.Audience = "client"
	// Notified is the receiver of a report whose legal basis is not consent.
	Notified matter.Audience = "notified"
)

var (
	reporters      = []matter.Audience{Consent, NoConsent}
	withConsent    = []matter.Audience{Consent}
	withoutConsent = []matter.Audience{NoConsent}
	client         = []matter.Audience{Client}
	notified       = []matter.Audience{Notified}
)

// Disclosures are the rules for a concern's reporter (1301/2014 § 35; 703/2023) and for the client,
// who reads the client's own matter (621/1999 § 12). A field that no rule names is disclosed. A new
// event is not disclosed to a reporter until it is added to Disclosed.
var Disclosures = []matter.Disclosure{
	matter.Hide("receiver-only/earlier-concerns", "ConcernSubmitted", "earlier_concerns", reporters...),
	matter.Hide("receiver-only/earlier-concerns", "ConcernSubmitted", "earlier_unreached", reporters...),
	matter.Hide("receiver-only/statutory-groups", "ConcernSubmitted", "statutory_groups", reporters...),
	matter.Hide("receiver-only/due-basis", "ConcernSubmitted", "status.due_basis", reporters...),
	matter.Hide("receiver-only/due-basis", "ConcernSubmitted", "status.due_provision", reporters...),
	matter.Hide("receiver-only/triage", "ConcernTriaged", "urgency", withConsent...),
	matter.Hide("receiver-only/statutory-groups", "ConcernTriaged", "statutory_groups", withConsent...),
	matter.Hide("receiver-only/support-need", "ConcernTriaged", "support_need", withConsent...),
	matter.Hide("receiver-only/track", "ConcernTriaged", "track", withConsent...),
	matter.Hide("receiver-only/client-wish", "ConcernTriaged", "client_wants_help", withConsent...),
	matter.Hide("receiver-only/triage", "ConcernTriaged", "client_will", withConsent...),
	matter.Hide("receiver-only/triage", "ConcernTriaged", "on_call", withConsent...),
	matter.Hide("receiver-only/triage", "InformationAdded", "on_call", reporters...),
	matter.Hide("receiver-only/support-need", "ConcernTriaged", "four_field", withConsent...),
	matter.Hide("receiver-only/support-need", "ConcernTriaged", "reason", withConsent...),
	matter.Hide("receiver-only/contact", "ContactAttempted", "mode", withConsent...),
	matter.Hide("receiver-only/contact", "ContactAttempted", "client_will", withConsent...),
	matter.Hide("receiver-only/contact", "ContactAttempted", "guided_to", withConsent...),
	matter.Hide("receiver-only/contact", "ContactAttempted", "note", withConsent...),
	matter.Hide("receiver-only/contact", "ContactAttempted", "next_mode", withConsent...),
	matter.Hide("receiver-only/contact", "AppointmentScheduled", "place", withConsent...),
	matter.Hide("receiver-only/contact", "ConcernClosed", "guided_to", reporters...),
	matter.Hide("receiver-only/contact", "ConcernClosed", "note", reporters...),
	matter.Hide("receiver-only/reason", "ConcernReassigned", "reason", withConsent...),
	matter.Hide("receiver-only/support-need", "AssessmentCompleted", "support_need", withConsent...),
	matter.Hide("receiver-only/support-need", "AssessmentCompleted", "four_field", withConsent...),
	matter.Hide("receiver-only/plan", "AssessmentCompleted", "plan_id", withConsent...),
	matter.Hide("receiver-only/forward", "ConcernForwarded", "forwarded_concern_id", withConsent...),
	matter.Hide("receiver-only/forward", "ConcernForwarded", "receiver", withConsent...),
	matter.Hide("receiver-only/forward", "ConcernForwarded", "keep_open", withConsent...),
	matter.Hide("receiver-only/forward", "ConcernForwarded", "due_at", withConsent...),
	matter.Hide("no-consent/worker", "ConcernTaken", "worker", withoutConsent...),
	matter.Hide("no-consent/turn", "ConcernTaken", "status.due_at", withoutConsent...),
	matter.Hide("no-consent/turn", "ConcernTaken", "status.waiting_on", withoutConsent...),
	matter.Hide("no-consent/turn", "FeedbackConsentRecorded", "state", withoutConsent...),
	matter.Hide("no-consent/worker", "FeedbackConsentRecorded", "holder", withoutConsent...),
	matter.Hide("no-consent/outcome", "ConcernClosed", "outcome", withoutConsent...),
	matter.Hide("no-consent/feedback", "ConcernClosed", "feedback", withoutConsent...),
	matter.Hide("no-consent/feedback", "ConcernClosed", "attachments", withoutConsent...),
	matter.Hide("no-consent/explanation", "ConcernDeclined", "explanation", withoutConsent...),
	// A reporter may not say without consent why it withdraws a report.
	matter.Hide("minimal/reason", "ConcernWithdrawn", "reason", notified...),
	matter.Hide("minimal/reason", "ConcernSettled", "reason", notified...),
	// What officials write to each other may be about persons other than the client (621/1999 §
	// 11). The client is not shown those words.
	matter.Hide("client/between-officials", "ConcernReassigned", "reason", client...),
	matter.Hide("client/between-officials", "InformationRequested", "question", client...),
	matter.Hide("client/between-officials", "InformationProvided", "answer", client...),
	matter.Hide("client/between-officials", "InformationProvided", "attachments", client...),
	matter.Hide("client/between-officials", "InformationAdded", "text", client...),
	matter.Hide("client/between-officials", "InformationAdded", "attachments", client...),
	matter.Hide("client/between-officials", "ConcernClosed", "feedback", client...),
	matter.Hide("client/between-officials", "ConcernClosed", "attachments", client...),
	matter.Hide("client/between-officials", "ContactAttempted", "note", client...),
	matter.Hide("client/between-officials", "ConcernClosed", "note", client...),
	// How the receiver classifies the client serves the division of its work (621/1999 § 12).
	matter.Hide("client/classification", "ConcernTriaged", "support_need", client...),
	matter.Hide("client/classification", "ConcernTriaged", "four_field", client...),
	matter.Hide("client/classification", "ConcernTriaged", "reason", client...),
	matter.Hide("client/classification", "AssessmentCompleted", "support_need", client...),
	matter.Hide("client/classification", "AssessmentCompleted", "four_field", client...),
}

// Provisions give the reason and the provision of a rule, by the first part of the rule's key.
var Provisions = map[string]string{
	"receiver-only": "what the receiver finds and plans is of its own client record: a reporter learns what became of its message, not what was found (1301/2014 § 35, 703/2023)",
	"no-consent":    "without the client's consent to feedback, or after its withdrawal, a reporter learns that its report is handled and ended (1301/2014 §§ 35.2, 40.2, 621/1999 § 24)",
	"minimal":       "without the client's consent a reporter states whom the report concerns, how to reach the person, what it is about and how urgent it is, answers questions, and adds no words of its own (1301/2014 § 35.2)",
	"client":        "what officials write to each other may be about others than the client (621/1999 § 11), and how they classify the client serves the division of their work (621/1999 § 12)",
}

// Disclosed lists the events that are disclosed to a reporter, with the audiences to which they are.
// All other events are not disclosed to a reporter, and leave no trace in what it sees.
var Disclosed = map[string][]matter.Audience{
	"ConcernSubmitted":  reporters,
	"ConcernJoined":     reporters, // only if a report of the same agency leads: see isDisclosed
	"ConcernPromoted":   reporters, // only if the reporter was shown JOINED: see isDisclosed
	"ConcernReceived":   reporters,
	"ConcernTriaged":    withConsent, // only before the concern is taken: see isDisclosed
	"ConcernTaken":      reporters,
	"ConcernReassigned": withConsent,
	// Only if the reporter begins or ceases to hear by it: see isDisclosed.
	"FeedbackConsentRecorded":   reporters,
	"ContactPlanned":            withConsent,
	"ContactAttempted":          withConsent,
	"AppointmentScheduled":      withConsent,
	"AppointmentResultRecorded": withConsent, // only of an appointment that the reporter was shown: see isDisclosed
	"InformationRequested":      reporters,
	"InformationProvided":       reporters,
	"InformationAdded":          reporters,
	"AssessmentStarted":         withConsent,
	"AssessmentCompleted":       withConsent,
	"ConcernForwarded":          withConsent,
	"ConcernClosed":             reporters,
	"ConcernDeclined":           reporters,
	"ConcernWithdrawn":          reporters,
	"ConcernSettled":            reporters,
	"ConcernOverdue":            reporters, // only for a due time that the reporter was shown: see isDisclosed
}

// Disclose returns an event as one reader may see it, given what the reader had been shown before.
// The last result is false if the reader may not see the event. Withheld depends on event type,
// reader and ground, never on content.
func Disclose(view Concern, e matter.Event, reader matter.Reader) (matter.Event, []matter.Withheld, bool) {
	if !isDisclosed(view, e.Message, reader) {
		return matter.Event{}, nil, false
	}
	e.Message = forReader(proto.Clone(e.Message), view, reader)
	audience := audienceOf(reader)
	if audience == NoConsent {
		e.By = matter.AgencyAlone(e.By, reader.Agency)
	}
	e, withheld := matter.Withhold(Disclosures, e, audience)
	return e, withheld, true
}

// audienceOf returns the audience of a reader; the empty audience for the receiver of a report with
// consent, from which no rule withholds anything.
func audienceOf(reader matter.Reader) matter.Audience {
	switch {
	case reader.Role == matter.RoleClient:
		return Client
	case reader.Role == matter.RoleReceiver && reader.Consent:
		return ""
	case reader.Role == matter.RoleReceiver:
		return Notified
	case reader.HearsBack:
		return Consent
	default:
		return NoConsent
	}
}

// isDisclosed reports whether a reader may see an event at all.
func isDisclosed(view Concern, message proto.Message, reader matter.Reader) bool {
	if m, ok := message.(*concernv1.ConcernOverdue); ok && !matter.PassedFor(view, reader, Status, statusBefore, m) {
		// If the reader was not shown the due time, it did not pass for this reader.
		return false
	}
	if m, ok := message.(*concernv1.ConcernJoined); ok && m.GetLater() != nil && view.Lead != "" {
		// Recorded only for the clock: the report had joined before.
		return false
	}
	if reader.Role == matter.RoleReceiver {
		return true
	}
	if reader.Role == matter.RoleClient {
		return isDisclosedToClient(message)
	}
	switch m := message.(type) {
	case *concernv1.ConcernJoined:
		if m.GetOwnJoinedConcernId() == "" || view.Lead == Collection+m.GetOwnJoinedConcernId() {
			return false
		}
	case *concernv1.ConcernPromoted:
		if !m.GetReporterShown() {
			return false
		}
	case *concernv1.ConcernTriaged:
		if view.taken() {
			return false
		}
	case *commonv1.AppointmentResultRecorded:
		if !view.awaits(m.GetAppointmentId()) {
			return false
		}
	case *concernv1.FeedbackConsentRecorded:
		if m.GetConsented() == view.HearsBack || reader.IsSilenced() {
			return false
		}
	}
	return slices.Contains(Disclosed[matter.NameOf(message)], audienceOf(reader))
}

// isDisclosedToClient leaves out how reports about one client are connected. Each report is shown
// to the client as a separate matter.
func isDisclosedToClient(message proto.Message) bool {
	switch message.(type) {
	case *concernv1.ConcernJoined, *concernv1.ReportJoined, *concernv1.ReportAdded, *concernv1.ConcernPromoted:
		return false
	default:
		return true
	}
}

// forReader replaces the parts of a message that differ between readers.
func forReader(message proto.Message, view Concern, reader matter.Reader) proto.Message {
	reporter := reader.Role == matter.RoleSender
	switch m := message.(type) {
	case *concernv1.ConcernSubmitted:
		m.ReceivingArea = ""
	case *concernv1.ConcernJoined:
		if reporter {
			m.JoinedConcernId = m.GetOwnJoinedConcernId()
		}
		m.OwnJoinedConcernId, m.Later = "", nil
	case *concernv1.ConcernPromoted:
		if reporter {
			m.JoinedConcernIds, m.JoinedConcernId, m.Urgency, m.TakenBefore = nil, "", commonv1.Urgency_URGENCY_UNSPECIFIED, false
		}
		m.ReporterShown = false
	case *concernv1.ConcernTriaged:
		if reporter {
			// The reporter sees the unit that it went to, not the worker there.
			m.AssignedTo = matter.UnitAlone(m.GetAssignedTo())
		}
	case *concernv1.ConcernDeclined:
		if reader.Role != matter.RoleReceiver {
			// Other readers see the suggested unit, not the worker there: whom to name is for the
			// declining agency to write.
			m.SuggestedReceiver = matter.UnitAlone(m.GetSuggestedReceiver())
		}
	case *concernv1.ForwardAnswered:
		m.ClosesAt = nil
	case *concernv1.ConcernOverdue:
		m.State = view.Shown()
	}
	return message
}
