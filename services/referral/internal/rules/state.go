// Package rules holds what is decided about referrals: pure functions of state,
// command and time. They are called and call nothing. Read in this order:
// state.go (what a referral is), table.go (which step is whose, when), decide.go
// (command → events), evolve.go (event → state), status.go (whose turn, until
// when), disclose.go (who is told what), view.go (what a caller reads).
package rules

import (
	"slices"
	"time"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Collection is the first part of a referral's subject name.
const Collection = "referrals/"

// Referral is the fold of one referral's events: of all of them, or of those that
// one reader was shown.
type Referral struct {
	// Head's due time is the state's own: an offer onward, or a cancellation that is
	// asked for, lies over it.
	loop.Head
	State referralv1.ReferralState

	Receiver    *commonv1.Party
	Kind        referralv1.ReferralKind
	ServiceKey  string
	Reason      string
	Urgency     commonv1.Urgency
	Attachments []*commonv1.Attachment
	Language    string

	// TriagedUrgency is the receiver's judgement; unspecified where it made none.
	TriagedUrgency commonv1.Urgency
	// ToSocialServices says that the receiver is a social services agency: the law gives it days.
	ToSocialServices bool
	// ArrivedOn is the day on which a moved application arrived at the sender (YYYY-MM-DD), and
	// Statutory until when it must be decided, by Provision, counted from CountsFrom. Zero for
	// all others.
	ArrivedOn             string
	Statutory, CountsFrom time.Time
	Provision             string

	// RedirectedFrom is the referral that this one was redirected from, and FirstSender
	// who sent the first of them.
	RedirectedFrom string
	FirstSender    *commonv1.Party
	// Onward is the offer to a third agency; pending until it answers.
	Onward Onward

	// Holder is the unit or worker at the receiver that has it.
	Holder       *commonv1.Party
	Appointments []*referralv1.Appointment
	Notes        []*referralv1.ProgressNote
	// Enclosed are the papers that came with the outcome.
	Enclosed []*commonv1.Attachment
	// CancelBy is until when the receiver answers to a cancellation that the sender
	// asked for; zero where none waits.
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

// undecided tells whether the receiver has yet to accept or decline.
func (r Referral) undecided() bool { return r.State == stateSent || r.State == stateReceived }

// accepted tells whether the receiver has it: from ACCEPTED until it ends.
func (r Referral) accepted() bool {
	return r.State == stateAccepted || r.State == stateInProgress || r.State == stateOnHold
}

// isNotice tells what is only handed over: it may end by being read.
func (r Referral) isNotice() bool {
	return r.Kind == referralv1.ReferralKind_REFERRAL_KIND_DECISION_NOTICE || r.Kind == referralv1.ReferralKind_REFERRAL_KIND_DOCUMENTS
}

func (r Referral) appointment(id string) *referralv1.Appointment {
	at := slices.IndexFunc(r.Appointments, func(a *referralv1.Appointment) bool { return a.GetAppointmentId() == id })
	if at < 0 {
		return nil
	}
	return r.Appointments[at]
}

// ID is the referral id of a subject name.
func ID(subject string) string { return subject[min(len(Collection), len(subject)):] }
