package rules

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// The audiences of a concern: its reporter, with the client's consent now or without,
// and the client. The receiver, whose matter it is, is told everything that concerns it; of a
// report without consent, no words but those that the law lets a reporter say.
const (
	Consent   loop.Audience = "consent"
	NoConsent loop.Audience = "no-consent"
	Client    loop.Audience = "client"
	// Notified is the receiver of a report without consent.
	Notified loop.Audience = "notified"
)

var (
	always  = []loop.Audience{Consent, NoConsent}
	with    = []loop.Audience{Consent}
	without = []loop.Audience{NoConsent}
	person  = []loop.Audience{Client}
	receive = []loop.Audience{Notified}
)

// Disclosures are the rules for a concern's reporter (1301/2014 § 35; 703/2023) and for
// the client, who reads its own matter (621/1999 § 12).
// A field that no rule names is told; a new event is not told until one says so
// in Told.
var Disclosures = []loop.Disclosure{
	loop.Hide("receiver-only/earlier-concerns", "ConcernSubmitted", "earlier_concerns", always...),
	loop.Hide("receiver-only/statutory-groups", "ConcernSubmitted", "statutory_groups", always...),
	loop.Hide("receiver-only/due-basis", "ConcernSubmitted", "status.due_basis", always...),
	loop.Hide("receiver-only/due-basis", "ConcernSubmitted", "status.due_provision", always...),
	loop.Hide("receiver-only/triage", "ConcernTriaged", "urgency", with...),
	loop.Hide("receiver-only/statutory-groups", "ConcernTriaged", "statutory_groups", with...),
	loop.Hide("receiver-only/support-need", "ConcernTriaged", "support_need", with...),
	loop.Hide("receiver-only/track", "ConcernTriaged", "track", with...),
	loop.Hide("receiver-only/client-wish", "ConcernTriaged", "client_wants_help", with...),
	loop.Hide("receiver-only/reason", "ConcernReassigned", "reason", with...),
	loop.Hide("receiver-only/support-need", "AssessmentCompleted", "support_need", with...),
	loop.Hide("receiver-only/plan", "AssessmentCompleted", "plan_id", with...),
	loop.Hide("receiver-only/forward", "ConcernForwarded", "forwarded_concern_id", with...),
	loop.Hide("receiver-only/forward", "ConcernForwarded", "receiver", with...),
	loop.Hide("receiver-only/forward", "ConcernForwarded", "keep_open", with...),
	loop.Hide("receiver-only/forward", "ConcernForwarded", "due_at", with...),
	loop.Hide("no-consent/worker", "ConcernTaken", "worker", without...),
	loop.Hide("no-consent/turn", "ConcernTaken", "status.due_at", without...),
	loop.Hide("no-consent/turn", "ConcernTaken", "status.waiting_on", without...),
	loop.Hide("no-consent/outcome", "ConcernClosed", "outcome", without...),
	loop.Hide("no-consent/feedback", "ConcernClosed", "feedback", without...),
	loop.Hide("no-consent/feedback", "ConcernClosed", "attachments", without...),
	loop.Hide("no-consent/explanation", "ConcernDeclined", "explanation", without...),
	// Why a reporter takes back a report is no part of what it may tell without consent.
	loop.Hide("minimal/reason", "ConcernWithdrawn", "reason", receive...),
	loop.Hide("minimal/reason", "ConcernSettled", "reason", receive...),
	// What officials write to each other may be about others than the client
	// (621/1999 § 11); of that the client is not told the words.
	loop.Hide("client/between-officials", "ConcernReassigned", "reason", person...),
	loop.Hide("client/between-officials", "InformationRequested", "question", person...),
	loop.Hide("client/between-officials", "InformationProvided", "answer", person...),
	loop.Hide("client/between-officials", "InformationProvided", "attachments", person...),
	loop.Hide("client/between-officials", "ConcernClosed", "feedback", person...),
	loop.Hide("client/between-officials", "ConcernClosed", "attachments", person...),
}

// Provisions say why, by the first part of a rule's key.
var Provisions = map[string]string{
	"receiver-only": "what the receiver finds and plans is of its own client record: a reporter learns what became of its message, not what was found (1301/2014 § 35, 703/2023)",
	"no-consent":    "without the client's consent, or after its withdrawal, a reporter learns that its report is handled and ended (1301/2014 § 35.2, 621/1999 § 24)",
	"minimal":       "without the client's consent a reporter tells who, how to reach them, what about and how urgent, answers questions, and adds no words of its own (1301/2014 § 35.2)",
	"client":        "what officials write to each other may be about others than the client (621/1999 § 11)",
}

// Disclosed are the events that reach a reporter, by ground. Those that are missing
// reach the receiver alone, and leave no trace elsewhere.
var Disclosed = map[string][]loop.Audience{
	"ConcernSubmitted":     always,
	"ConcernJoined":        always, // where its own agency's report leads: see told
	"ConcernPromoted":      always, // where it had been shown JOINED: see told
	"ConcernReceived":      always,
	"ConcernTriaged":       with,
	"ConcernTaken":         always,
	"ConcernReassigned":    with,
	"ContactPlanned":       with,
	"ContactAttempted":     with,
	"InformationRequested": always,
	"InformationProvided":  always,
	"AssessmentStarted":    with,
	"AssessmentCompleted":  with,
	"ConcernForwarded":     with,
	"ConcernClosed":        always,
	"ConcernDeclined":      always,
	"ConcernWithdrawn":     always,
	"ConcernSettled":       always,
	"ConcernOverdue":       always, // of a due time that it was shown: see told
}

// Disclose turns an event into what one reader is told of it, given what that
// reader had been shown until then. The last result is false where it is told
// nothing. Withheld depends on event type, reader and ground, never on content.
func Disclose(view Concern, e loop.Event, reader loop.Reader) (loop.Event, []loop.Withheld, bool) {
	if !isDisclosed(view, e.Message, reader) {
		return loop.Event{}, nil, false
	}
	e.Message = forReader(proto.Clone(e.Message), view, reader)
	audience := audienceOf(reader)
	if audience == NoConsent {
		e.By = loop.AgencyAlone(e.By, reader.Agency)
	}
	e, withheld := loop.Withhold(Disclosures, e, audience)
	return e, withheld, true
}

// audienceOf is what a reader is; nobody's for the receiver of a report with consent, from
// whom no rule keeps anything.
func audienceOf(reader loop.Reader) loop.Audience {
	switch {
	case reader.Role == loop.RoleClient:
		return Client
	case reader.Role == loop.RoleReceiver && reader.Consent:
		return ""
	case reader.Role == loop.RoleReceiver:
		return Notified
	case reader.Consent:
		return Consent
	default:
		return NoConsent
	}
}

// isDisclosed decides whether a reader learns of an event at all.
func isDisclosed(view Concern, message proto.Message, reader loop.Reader) bool {
	if m, ok := message.(*concernv1.ConcernOverdue); ok && !loop.PassedFor(view, reader, Status, statusBefore, m) {
		// A due time that it was not shown did not pass for this reader.
		return false
	}
	if m, ok := message.(*concernv1.ConcernJoined); ok && m.GetLater() != nil && view.Lead != "" {
		// Recorded for the clock alone: the report had joined before.
		return false
	}
	if reader.Role == loop.RoleReceiver {
		return true
	}
	if reader.Role == loop.RoleClient {
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
	}
	return slices.Contains(Disclosed[loop.NameOf(message)], audienceOf(reader))
}

// isDisclosedToClient leaves out how reports about one client hang together: each is told to
// the client as a matter of its own.
func isDisclosedToClient(message proto.Message) bool {
	switch message.(type) {
	case *concernv1.ConcernJoined, *concernv1.ReportJoined, *concernv1.ConcernPromoted:
		return false
	default:
		return true
	}
}

// forReader puts into a message what differs from reader to reader.
func forReader(message proto.Message, view Concern, reader loop.Reader) proto.Message {
	reporter := reader.Role == loop.RoleSender
	switch m := message.(type) {
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
			// To which unit it went, not whom it waits for there.
			m.AssignedTo = loop.UnitAlone(m.GetAssignedTo())
		}
	case *concernv1.ConcernDeclined:
		if reader.Role != loop.RoleReceiver {
			// Where else to turn, not to whom there: that is the decliner's to write.
			m.SuggestedReceiver = loop.UnitAlone(m.GetSuggestedReceiver())
		}
	case *concernv1.ForwardAnswered:
		m.ClosesAt = nil
	case *concernv1.ConcernOverdue:
		m.State = view.Shown()
	}
	return message
}
