// Package rules holds what is decided about referrals: pure functions of state, command and time.
// They do no input or output. Read in this order: state.go (what a referral is), table.go (each
// step: who may take it, when, which checks its content must pass, and what it records), decide.go
// (command → events), outcome.go (the events that follow for other referrals), evolve.go (event →
// state), due.go and status.go (whose turn it is, and until when), disclose.go (what is disclosed to
// whom), view.go (what a caller reads).
package rules

import (
	"time"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Collection is the first part of the name of a referral as a matter.
const Collection = "referrals/"

// Referral is the fold of one referral's events: of all events, or of those that one reader was
// shown.
type Referral struct {
	// Head's due time is that of the state itself. An offer onward or a request to cancel replaces
	// it while it is open.
	matter.Head
	State referralv1.ReferralState

	Receiver    *commonv1.Party
	Kind        referralv1.ReferralKind
	ServiceKey  string
	Reason      string
	Urgency     commonv1.Urgency
	Attachments []*commonv1.Attachment
	Language    string
	// Interpreter is the language to which an interpreter interprets; empty if none is needed.
	Interpreter string

	// TriagedUrgency is the receiver's judgement; unspecified if it made none.
	TriagedUrgency commonv1.Urgency
	// ToSocialServices says that the receiver is a social services agency, to which the law sets
	// days.
	ToSocialServices bool
	// ArrivedOn is the day on which a moved application arrived at the sender (YYYY-MM-DD).
	// Statutory is the time by which it must be decided by Provision, counted from CountsFrom by
	// Limit. All are zero for other kinds.
	ArrivedOn             string
	Statutory, CountsFrom time.Time
	Provision             string
	Limit                 matter.Limit

	// RedirectedFrom is the referral that this one was redirected from, and FirstSender the sender
	// of the first of them.
	RedirectedFrom string
	FirstSender    *commonv1.Party
	// Onward is the offer to a third agency. It is pending until that agency answers.
	Onward Onward

	// Holder is the unit or worker at the receiver that has it now.
	Holder *commonv1.Party
	// OnCall is the unit that is on call for this emergency beside the holder.
	OnCall       matter.OnCall
	Appointments []*referralv1.Appointment
	Notes        []*referralv1.ProgressNote
	// Additions are what both sides added.
	Additions []*referralv1.Addition
	// Enclosed are the attachments that came with the outcome.
	Enclosed []*commonv1.Attachment
	// CancelBy is the time by which the receiver must answer the sender's request to cancel; zero
	// if there is none.
	CancelBy time.Time

	Outcome           referralv1.ReferralOutcome
	OutcomeNote       string
	DeclineReason     referralv1.ReferralDeclineReason
	Explanation       string
	SuggestedReceiver *commonv1.Party
	ResubmittedAs     string
}

// Onward is an offer to a third agency.
type Onward struct {
	Subject  string
	Receiver *commonv1.Party
	DueAt    time.Time
	Pending  bool
}

// undecided reports whether the receiver has yet to accept or decline.
func (r Referral) undecided() bool { return r.State == stateSent || r.State == stateReceived }

// accepted reports whether the receiver is responsible: from ACCEPTED until the referral ends.
func (r Referral) accepted() bool {
	return r.State == stateAccepted || r.State == stateInProgress || r.State == stateOnHold
}

// isNotice reports whether the referral is only information that is handed over. It may end by
// being read.
func (r Referral) isNotice() bool {
	return r.Kind == referralv1.ReferralKind_REFERRAL_KIND_DECISION_NOTICE || r.Kind == referralv1.ReferralKind_REFERRAL_KIND_DOCUMENTS
}

// ID returns the referral id in the name of a matter.
func ID(subject string) string { return subject[min(len(Collection), len(subject)):] }
