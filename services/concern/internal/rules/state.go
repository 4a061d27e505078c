// Package rules holds what is decided about concern reports: pure functions of state, command and
// time. They do no input or output. Read in this order: state.go (what a concern is), table.go (each
// step: who may take it, when, which checks its content must pass, and what it records), decide.go
// (command → events), outcome.go and following.go (the events that follow for other concerns),
// evolve.go (event → state), feedback.go (what the reporter may hear, when that changes), due.go and status.go (whose turn it is, and until when), disclose.go
// (what is disclosed to whom), view.go (what a caller reads).
package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Collection is the first part of the name of a concern as a matter.
const Collection = "concerns/"

// Concern is the fold of one concern's events: of all events, or of those that one reader was
// shown.
type Concern struct {
	// Head has the reporter as sender. Its due time is that of the state itself: a question or a
	// forward may replace it while it is open.
	matter.Head
	// State does not include the two states that are shown instead of another: JOINED (see Lead)
	// and INFORMATION_REQUESTED (see Head.Thread.Holding).
	State concernv1.ConcernState

	Receiver      *commonv1.Party
	Topics        []concernv1.Topic
	Description   string
	Urgency       commonv1.Urgency
	Attachments   []*commonv1.Attachment
	Language      string
	ForwardedFrom string
	// Interpreter is the language to which an interpreter interprets; empty if none is needed.
	Interpreter string
	// Earlier is the number of the receiver's earlier concerns about the client, and EarlierUnreached
	// those of them that ended because the client was not reached or wanted no help.
	Earlier, EarlierUnreached int32
	// ToSocialServices says that the receiver is a social services agency, to which 1301/2014
	// applies.
	ToSocialServices bool
	// Area is the area of the receiving unit, within which reports about the client join one another; empty where
	// the receiver's people read all of the agency.
	Area string
	// Groups are the client's statutory groups, whose assessment must begin by a day that the law
	// sets.
	Groups []concernv1.StatutoryGroup
	// Statutory is the day that the law sets in this state; zero if there is none.
	Statutory time.Time
	// NextAttempt is when the client is to be contacted again; zero if none is planned. A later
	// attempt or another state clears it.
	NextAttempt time.Time
	// Lowered is the due time that a next attempt set by the rules before matter.DueRules 1, under
	// which only another state cleared it; zero if there is none. Events recorded under those rules
	// use it.
	Lowered time.Time

	// Lead is the concern that this report joined; empty for a leading concern.
	Lead string
	// OwnLead is the reporter's own earliest open report, if the reporter is shown that this report
	// joined it.
	OwnLead string
	// Later are the steps that are scheduled on a report that joined, in order; see following.go.
	Later []*concernv1.ConcernJoined_Later_Step
	// TakenBefore says that the concern that led before this one was taken.
	TakenBefore bool
	// Reports are the reports that joined this one, in the order of joining.
	Reports []string

	// HearsBack says that the client consented to the reporter hearing how the concern goes on, and
	// FeedbackConsentedAt when. A consent of the time before terms may lack the time.
	HearsBack           bool
	FeedbackConsentedAt *timestamppb.Timestamp
	// HeardFrom is when the reporter began to hear, after steps that it was not told; zero if it has
	// heard from the beginning or never.
	HeardFrom time.Time

	// ReceivedBy is the party that received it; nil if a step straight from SUBMITTED implied the
	// receipt.
	ReceivedBy *commonv1.Party
	// Holder is the unit or worker at the receiver that has it now.
	Holder *commonv1.Party
	// Taker is the worker who took it.
	Taker *commonv1.Party
	// Assigned is the unit or worker that triage passed it to.
	Assigned       *commonv1.Party
	TriagedUrgency commonv1.Urgency
	SupportNeed    concernv1.SupportNeed
	Track          concernv1.Track
	FourField      *concernv1.FourField
	Triages        []*concernv1.TriageRecord
	Attempts       []*concernv1.ContactAttempt
	Appointments   []*commonv1.Appointment
	// Will is the client's last answer to whether the client wants help.
	Will concernv1.ClientWill
	// Unreached counts attempts and appointments since the client was reached last; EverReached says that
	// the client was reached in this concern.
	Unreached   int
	EverReached bool
	// FollowUp is the time by which a no-show, recorded at MissedAt, is followed up; zero if there is none.
	FollowUp, MissedAt time.Time
	// OnCall is the unit that is on call for this emergency beside the holder.
	OnCall matter.OnCall
	// Second works on the concern beside the holder.
	Second *commonv1.Party
	// Additions are what both sides added.
	Additions []*concernv1.Addition
	// Asked is the question from before lapsing that the reporter sees as open: the holding one, or one
	// that was closed by a step which the reporter may not know of. Until it is answered, another question
	// would reveal that step.
	Asked    string
	Forwards []Forward
	// ClosesAt is when it is closed as forwarded; zero if it is not scheduled to be.
	ClosesAt time.Time
	PlanID   string

	Outcome  concernv1.Outcome
	Feedback string
	// GuidedTo is where the client was guided at the end, and ClosingNote the receiver's own note on it.
	GuidedTo    []*concernv1.Guidance
	ClosingNote string
	// Enclosed are the attachments that came with the outcome.
	Enclosed          []*commonv1.Attachment
	DeclineReason     concernv1.DeclineReason
	Explanation       string
	SuggestedReceiver *commonv1.Party
	ResubmittedAs     string
}

// Forward is one offer onward to another agency.
type Forward struct {
	Subject  string
	Receiver *commonv1.Party
	DueAt    time.Time
	KeepOpen bool
	// Pending is true until the next receiver takes, ends or declines it.
	Pending bool
}

// IsOpen reports whether later reports about the client join the concern. A declined concern is not
// open, although it has not ended.
func (c Concern) IsOpen() bool {
	return c.Exists() && !c.Ended() && c.State != concernv1.ConcernState_CONCERN_STATE_DECLINED
}

// Shown returns the state as a caller sees it, including JOINED and INFORMATION_REQUESTED.
func (c Concern) Shown() concernv1.ConcernState {
	switch {
	case c.IsOpen() && c.Lead != "":
		return concernv1.ConcernState_CONCERN_STATE_JOINED
	case c.holds():
		return concernv1.ConcernState_CONCERN_STATE_INFORMATION_REQUESTED
	default:
		return c.State
	}
}

// taken reports whether a worker is responsible for it: from TAKEN until it ends.
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

// holds reports whether the concern waits for the reporter's answer.
func (c Concern) holds() bool { return c.Thread.Holding != "" }

// pendingForward returns the offer onward that must be answered first; false if there is none.
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

// UniqueKey returns the unique key that an open leading concern holds, so that a receiver never has
// two open leading concerns about one client, or, where its people read by unit, two in one area. It is stored.
func UniqueKey(client, receiver, area string) string {
	if area == "" {
		return "open/" + client + "/" + receiver
	}
	return "open/" + client + "/" + receiver + "/" + area
}

// UniqueKeys returns the keys of all open leading concerns that a receiver with these areas can have about a
// client. The one without an area is held by concerns from before the receiver's people read by unit.
func UniqueKeys(client, receiver string, areas []string) []string {
	keys := make([]string, 0, 1+len(areas))
	keys = append(keys, UniqueKey(client, receiver, ""))
	for _, area := range areas {
		keys = append(keys, UniqueKey(client, receiver, area))
	}
	return keys
}

// Held returns the unique key that a concern holds in its state; empty if it holds none.
func Held(c Concern) string {
	if !c.IsOpen() || c.Lead != "" {
		return ""
	}
	return UniqueKey(c.Client, c.Receiver.GetAgency(), c.Area)
}

// ID returns the concern id in the name of a matter.
func ID(subject string) string { return subject[min(len(Collection), len(subject)):] }
