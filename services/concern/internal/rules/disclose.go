package rules

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Ground is under what a reporter is told: the client's consent now, or none.
type Ground string

const (
	Consent   Ground = "consent"
	NoConsent Ground = "no-consent"
)

// Disclosure is one rule of what a concern's reporter is not told. The receiver,
// whose matter it is, is told everything that concerns it.
type Disclosure struct {
	// Key names the rule to people, in Withheld.
	Key string
	// Event is the message's name; Field the field left out of it, or of the status
	// that comes with it and of every later one (then Status leaves it out).
	Event, Field string
	// Grounds under which the rule holds.
	Grounds []Ground
}

var (
	always  = []Ground{Consent, NoConsent}
	without = []Ground{NoConsent}
)

// Disclosures are the rules for a concern's reporter (1301/2014 § 35; 703/2023).
// A field that no rule names is told; a new event is not told until one says so
// in Told.
var Disclosures = []Disclosure{
	{"receiver-only/earlier-concerns", "ConcernSubmitted", "earlier_concerns", always},
	{"receiver-only/triage", "ConcernTriaged", "urgency", always},
	{"receiver-only/support-need", "ConcernTriaged", "support_need", always},
	{"receiver-only/track", "ConcernTriaged", "track", always},
	{"receiver-only/client-wish", "ConcernTriaged", "client_wants_help", always},
	{"receiver-only/reason", "ConcernReassigned", "reason", always},
	{"receiver-only/support-need", "AssessmentCompleted", "support_need", always},
	{"receiver-only/plan", "AssessmentCompleted", "plan_id", always},
	{"receiver-only/forward", "ConcernForwarded", "forwarded_concern_id", always},
	{"receiver-only/forward", "ConcernForwarded", "receiver", always},
	{"receiver-only/forward", "ConcernForwarded", "keep_open", always},
	{"receiver-only/forward", "ConcernForwarded", "due_at", always},
	{"no-consent/worker", "ConcernTaken", "worker", without},
	{"no-consent/turn", "ConcernTaken", "status.due_at", without},
	{"no-consent/turn", "ConcernTaken", "status.waiting_on", without},
	{"no-consent/outcome", "ConcernClosed", "outcome", without},
	{"no-consent/feedback", "ConcernClosed", "feedback", without},
	{"no-consent/explanation", "ConcernDeclined", "explanation", without},
}

// Told are the events that reach a reporter, by ground. Those that are missing
// reach the receiver alone, and leave no trace elsewhere.
var Told = map[string][]Ground{
	"ConcernSubmitted":     always,
	"ConcernJoined":        always, // where its own agency's report leads: see told
	"ConcernPromoted":      always, // where it had been shown JOINED: see told
	"ConcernReceived":      always,
	"ConcernTriaged":       {Consent},
	"ConcernTaken":         always,
	"ConcernReassigned":    {Consent},
	"ContactAttempted":     {Consent},
	"InformationRequested": always,
	"InformationProvided":  always,
	"AssessmentStarted":    {Consent},
	"AssessmentCompleted":  {Consent},
	"ConcernForwarded":     {Consent},
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
	if !told(view, e.Message, reader) {
		return loop.Event{}, nil, false
	}
	message := forReader(proto.Clone(e.Message), view, reader)
	if reader.Role != loop.RoleSender {
		e.Message = message
		return e, nil, true
	}
	var withheld []loop.Withheld
	name := string(message.ProtoReflect().Descriptor().Name())
	for _, rule := range Disclosures {
		if rule.Event == name && holds(rule.Grounds, reader) {
			withheld = append(withheld, leaveOut(message, rule))
		}
	}
	if !reader.Consent {
		e.By = agencyAlone(e.By, reader.Agency)
	}
	e.Message = message
	return e, withheld, true
}

// leaveOut clears the field that a rule names and says so.
func leaveOut(message proto.Message, rule Disclosure) loop.Withheld {
	field := message.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(rule.Field))
	if field == nil {
		return loop.Withheld{Field: rule.Field, Rule: rule.Key}
	}
	message.ProtoReflect().Clear(field)
	return loop.Withheld{Field: "event." + rule.Field, Rule: rule.Key}
}

func holds(grounds []Ground, reader loop.Reader) bool {
	for _, ground := range grounds {
		if (ground == Consent) == reader.Consent {
			return true
		}
	}
	return false
}

// told decides whether a reader learns of an event at all.
func told(view Concern, message proto.Message, reader loop.Reader) bool {
	if m, ok := message.(*concernv1.ConcernOverdue); ok {
		// A due time that it was not shown did not pass for this reader.
		due := Status(view, reader).GetDueAt()
		return due != nil && due.AsTime().Equal(m.GetDueAt().AsTime()) && !view.Fired.Equal(due.AsTime())
	}
	if reader.Role == loop.RoleReceiver {
		return true
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
	return holds(Told[string(message.ProtoReflect().Descriptor().Name())], reader)
}

// forReader puts into a message what differs from reader to reader.
func forReader(message proto.Message, view Concern, reader loop.Reader) proto.Message {
	reporter := reader.Role == loop.RoleSender
	switch m := message.(type) {
	case *concernv1.ConcernJoined:
		if reporter {
			m.JoinedConcernId = m.GetOwnJoinedConcernId()
		}
		m.OwnJoinedConcernId = ""
	case *concernv1.ConcernPromoted:
		if reporter {
			m.JoinedConcernIds, m.JoinedConcernId = nil, ""
		}
		m.ReporterShown = false
	case *concernv1.ConcernTriaged:
		if reporter {
			// To which unit it went, not whom it waits for there.
			m.AssignedTo = unitAlone(m.GetAssignedTo())
		}
	case *concernv1.ConcernOverdue:
		m.State = view.Shown()
	}
	return message
}

func unitAlone(party *commonv1.Party) *commonv1.Party {
	if party == nil {
		return nil
	}
	return &commonv1.Party{Agency: party.GetAgency(), Unit: party.GetUnit()}
}
