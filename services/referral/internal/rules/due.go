package rules

import (
	"strings"
	"time"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// The time limits of a referral. The sender hears something at least every thirty days. A moved
// application is decided within seven working days (1412/1997 § 14 a.1), an urgent one by the
// next (§ 14 b); the rest is Koppi's own.
const (
	workingDaysToDecide       = 5
	workingDaysToSettle       = 3
	workingDaysToAnswer       = 3
	workingDaysAfterNo        = 3
	daysToWord                = 30
	workingDaysToGrant        = 7
	workingDaysToGrantUrgency = 1
)

const (
	grantDay  = "1412/1997 § 14 a.1"
	urgentDay = "1412/1997 § 14 b"
	// arrivedElsewhere is the provision by which an application came to its receiver on the day
	// on which it came to the sender.
	arrivedElsewhere = "434/2003 § 21"
)

// turn tells whose turn it is. An offer onward lies over the state.
func turn(r Referral) *commonv1.Party {
	switch {
	case r.Onward.Pending:
		return r.Onward.Receiver
	case r.CancelBy.IsZero() && r.State == stateDeclined:
		return r.Sender
	default:
		return r.Holder
	}
}

// deadline is until when, and what that rests on: the state's own rule, what was agreed, and
// before all the clock of what is urgent. An offer onward and a cancellation that is asked for
// lie over the state.
func deadline(r Referral) loop.Deadline {
	urgent := r.Clock.Urgent(r.ToSocialServices)
	switch {
	case r.Onward.Pending:
		return loop.Earliest(loop.Agreed(r.Onward.DueAt), urgent)
	case !r.CancelBy.IsZero():
		return loop.Earliest(loop.Promised(r.CancelBy), urgent)
	case r.State == stateDeclined, r.State == stateOnHold && !loop.IsUrgent(r.Clock.Urgency):
		return loop.Earliest(loop.Promised(r.Due), urgent)
	default:
		return loop.Earliest(loop.Statutory(r.Statutory, r.Provision), loop.Promised(r.Due), urgent)
	}
}

// dueBefore is until when by the rules of before urgency governed: what passed by them was
// recorded so.
func dueBefore(r Referral) time.Time {
	switch {
	case r.Onward.Pending:
		return r.Onward.DueAt
	case !r.CancelBy.IsZero():
		return r.CancelBy
	default:
		return r.Due
	}
}

// word is until when the sender hears something again.
func word(at time.Time) time.Time { return loop.EndOfDays(at, daysToWord) }

// grantBy is until when a moved application must be decided that counts from a time, and the
// provision. A day that has passed at another time becomes the next working day.
func grantBy(urgency commonv1.Urgency, from, at time.Time) (time.Time, string) {
	if loop.IsUrgent(urgency) {
		return loop.NotPast(loop.EndOfWorkingDay(from, workingDaysToGrantUrgency), at), urgentDay
	}
	return loop.NotPast(loop.EndOfWorkingDay(from, workingDaysToGrant), at), grantDay
}

// countsFrom is from when the time to decide a moved application counts: its arrival at the
// sender where the sender was bound to move it, else its sending.
func countsFrom(basis *commonv1.LegalBasis, arrivedOn string, sent time.Time) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, arrivedOn, loop.Helsinki())
	if err != nil || !strings.HasPrefix(basis.GetProvision(), arrivedElsewhere) {
		return sent
	}
	return day
}

// judged is until when a moved application must be decided once it is judged to be so urgent,
// and the provision; zero for what is none, and where the judgement changes nothing.
func (r Referral) judged(urgency commonv1.Urgency, at time.Time) (time.Time, string) {
	switch {
	case r.Statutory.IsZero():
		return time.Time{}, ""
	case loop.IsMoreUrgent(urgency, r.Clock.Urgency):
		due, provision := grantBy(urgency, at, at)
		return loop.Earliest(loop.Statutory(due, provision), loop.Statutory(r.Statutory, r.Provision)).At, provision
	case loop.IsUrgent(r.Clock.Urgency) && !loop.IsUrgent(urgency):
		return grantBy(urgency, r.CountsFrom, at)
	default:
		return time.Time{}, ""
	}
}

// isMoved tells whether a kind is of an application that is moved to whom it belongs.
func isMoved(kind referralv1.ReferralKind) bool {
	return kind == referralv1.ReferralKind_REFERRAL_KIND_APPLICATION_TRANSFER
}
