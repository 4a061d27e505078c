// Package rules holds what is decided about concern reports: pure functions of
// state, command and time. They are called and call nothing. Read in this order:
// state.go (what a concern is), table.go (which step is whose, when), decide.go
// (command → events), evolve.go (event → state), status.go (whose turn, until
// when), disclose.go (who is told what), view.go (what a caller reads).
package rules

import (
	"slices"
	"time"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Collection is the first part of a concern's subject name.
const Collection = "concerns/"

// Concern is the fold of one concern's events: of all of them, or of those that
// one reader was shown.
type Concern struct {
	// Head has the reporter as sender; its due time is the state's own: a question or a
	// forward lies over it.
	loop.Head
	// State without the two that lie over it: JOINED (see Lead) and
	// INFORMATION_REQUESTED (see Open).
	State concernv1.ConcernState

	Receiver      *commonv1.Party
	Topics        []concernv1.Topic
	Description   string
	Urgency       commonv1.Urgency
	Attachments   []*commonv1.Attachment
	Language      string
	ForwardedFrom string
	Earlier       int32
	// ToSocialServices says that the receiver is a social services agency: 1301/2014 binds it.
	ToSocialServices bool
	// Groups are those of the client whose assessment the law gives a day.
	Groups []concernv1.StatutoryGroup
	// Statutory is the day that the law names in this state; zero for none.
	Statutory time.Time
	// NextAttempt is when the client is to be contacted again; zero for none. A later attempt,
	// or another state, ends it.
	NextAttempt time.Time
	// Lowered is what a next attempt made of the due time by the rules of before, under which
	// only another state ended it; zero for nothing. What was recorded then goes by it.
	Lowered time.Time

	// Lead is the concern that this report joined; empty for one that leads.
	Lead string
	// OwnLead is its reporter's own earliest open report, where its reporter is
	// shown that it joined.
	OwnLead string
	// Later is what a report that joined is yet to be told, in order; see follow.go.
	Later []*concernv1.ConcernJoined_Later_Step
	// TakenBefore says that the concern in whose place this one leads was taken.
	TakenBefore bool
	// Reports are those joined to this one, in the order of joining.
	Reports []string

	// ReceivedBy is who received it; nil where a step straight from SUBMITTED
	// implied the receipt.
	ReceivedBy *commonv1.Party
	// Holder is the unit or worker at the receiver that has it.
	Holder *commonv1.Party
	// Taker is the worker who took it.
	Taker *commonv1.Party
	// Assigned is whom triage passed it to.
	Assigned       *commonv1.Party
	TriagedUrgency commonv1.Urgency
	SupportNeed    concernv1.SupportNeed
	Track          concernv1.Track
	Attempts       []*concernv1.ContactAttempt
	Questions      []*concernv1.InformationRequest
	// Open is the id of the question that waits for the reporter.
	Open string
	// Asked is the question that the reporter still sees waiting: Open, or one that
	// a step closed which the reporter may not know. Until it is answered another
	// one would tell of that step.
	Asked    string
	Forwards []Forward
	// ClosesAt is when it is closed as forwarded; zero where it is not to be.
	ClosesAt time.Time
	PlanID   string

	Outcome  concernv1.Outcome
	Feedback string
	// Enclosed are the papers that came with the outcome.
	Enclosed          []*commonv1.Attachment
	DeclineReason     concernv1.DeclineReason
	Explanation       string
	SuggestedReceiver *commonv1.Party
	ResubmittedAs     string
}

// Forward is one offer onward.
type Forward struct {
	Subject  string
	Receiver *commonv1.Party
	DueAt    time.Time
	KeepOpen bool
	// Pending until the next receiver takes, ends or declines it.
	Pending bool
}

// IsOpen tells whether later reports about the client join it. A declined concern
// is not open, although its loop has not ended.
func (c Concern) IsOpen() bool {
	return c.Exists() && !c.Ended() && c.State != concernv1.ConcernState_CONCERN_STATE_DECLINED
}

// Shown is the state as a caller sees it, with the two that lie over others.
func (c Concern) Shown() concernv1.ConcernState {
	switch {
	case c.IsOpen() && c.Lead != "":
		return concernv1.ConcernState_CONCERN_STATE_JOINED
	case c.Open != "":
		return concernv1.ConcernState_CONCERN_STATE_INFORMATION_REQUESTED
	default:
		return c.State
	}
}

// taken tells whether a worker has caught it: from TAKEN until it ends.
func (c Concern) taken() bool {
	switch c.State {
	case concernv1.ConcernState_CONCERN_STATE_TAKEN,
		concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT,
		concernv1.ConcernState_CONCERN_STATE_ASSESSED:
		return true
	default:
		return false
	}
}

// question returns the question that waits for the reporter, nil if none does.
func (c Concern) question() *concernv1.InformationRequest {
	if c.Open == "" {
		return nil
	}
	return c.questionByID(c.Open)
}

func (c Concern) questionByID(id string) *concernv1.InformationRequest {
	for _, question := range c.Questions {
		if question.GetInformationRequestId() == id {
			return question
		}
	}
	return nil
}

// pendingForward returns the offer onward that must be answered first.
func (c Concern) pendingForward() (Forward, bool) {
	first, found := Forward{}, false
	for _, forward := range c.Forwards {
		if forward.Pending && (!found || forward.DueAt.Before(first.DueAt)) {
			first, found = forward, true
		}
	}
	return first, found
}

func (c Concern) forwardTo(subject string) (Forward, bool) {
	at := slices.IndexFunc(c.Forwards, func(f Forward) bool { return f.Subject == subject })
	if at < 0 {
		return Forward{}, false
	}
	return c.Forwards[at], true
}

// UniqueKey is the unique key that an open leading concern holds, so that no two
// concerns about one client are open side by side at one receiver.
func UniqueKey(client, receiver string) string { return "open/" + client + "/" + receiver }

// Held is the claim that a concern holds in its state; empty for none.
func Held(c Concern) string {
	if !c.IsOpen() || c.Lead != "" {
		return ""
	}
	return UniqueKey(c.Client, c.Receiver.GetAgency())
}

// ID is the concern id of a subject name.
func ID(subject string) string { return subject[min(len(Collection), len(subject)):] }
