package rules

import (
	"strings"
	"time"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// The time limits of a referral. The sender is informed at least every thirty days. A moved
// application that rests on no row of the table of grounds is decided within seven working days
// (1412/1997 § 14 a.1), an urgent one by the end of the next working day (§ 14 b). The other limits
// are Koppi's own.
const (
	workingDaysToDecide      = 5
	workingDaysToSettle      = 3
	workingDaysToAnswer      = 3
	workingDaysAfterNoShow   = 3
	daysToInform             = 30
	workingDaysToGrant       = 7
	workingDaysToGrantUrgent = 1
)

const (
	grantDay  = "1412/1997 § 14 a.1"
	urgentDay = "1412/1997 § 14 b"
	// arrivedElsewhere is the provision by which an application counts as arrived at its receiver
	// on the day on which it arrived at the sender.
	arrivedElsewhere = "434/2003 § 21"
)

// next returns the due time, its basis and whose turn it is: the earliest of what runs. While the referral
// waits for the sender's answer, the due time of its state rests, unless it is urgent; a day that the law sets
// never rests.
func next(r Referral) matter.Turn {
	held, asked := r.Thread.Turns(r.Sender, r.Holder)
	return matter.Next(held, own(r), asked)
}

// own returns the earliest of the due times of the state itself, of an offer onward and of the clock of an
// urgent matter. While an offer onward or a request to cancel is open, its due time replaces that of the state.
func own(r Referral) matter.Turn {
	urgent, normal := r.Clock.Urgent(r.ToSocialServices), !matter.IsUrgent(r.Clock.Urgency)
	due, statutory := matter.Promised(r.Due), matter.Statutory(r.Statutory, r.Provision)
	turn := matter.Turn{Of: r.Holder}
	switch {
	case r.Onward.Pending:
		due, statutory, turn.Of = matter.Agreed(r.Onward.DueAt), matter.Deadline{}, r.Onward.Receiver
	case !r.CancelBy.IsZero():
		due, statutory = matter.Promised(r.CancelBy), matter.Deadline{}
	case r.State == stateDeclined:
		statutory, turn.Of = matter.Deadline{}, r.Sender
	case r.State == stateOnHold && normal:
		statutory = matter.Deadline{}
	}
	if r.holds() && normal {
		due = matter.Deadline{}
	}
	turn.Deadline = matter.Earliest(statutory, due, urgent)
	return turn
}

// dueBefore returns the due time by the rules before matter.DueRules 1. Due times that passed under
// those rules are recorded by them.
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

// informBy returns the time by which the sender must be informed again.
func informBy(at time.Time) time.Time { return matter.EndOfDays(at, daysToInform) }

// limitWithoutRow returns the time to decide a moved application that rests on no row of the table
// of grounds, and of those from before the table: an application that the sender was obliged to move
// counts from its arrival at the sender.
func limitWithoutRow(basis *commonv1.LegalBasis) matter.Limit {
	return matter.Limit{
		WorkingDays: workingDaysToGrant, UrgentWorkingDays: workingDaysToGrantUrgent, Provision: grantDay, UrgentProvision: urgentDay,
		FromArrival: strings.HasPrefix(basis.GetProvision(), arrivedElsewhere),
	}
}

// limitOf returns the time to decide a moved application: as recorded, else the one without a row. A
// reader that is not shown what the days rest on gets days without a provision.
func limitOf(basis *commonv1.LegalBasis, m *referralv1.ReferralSent) matter.Limit {
	if m.GetDueDays() == nil {
		return limitWithoutRow(basis)
	}
	return matter.Limit{
		WorkingDays: int(m.GetDueDays().GetWorkingDays()), UrgentWorkingDays: int(m.GetDueDays().GetUrgentWorkingDays()),
		Provision: m.GetDueGround().GetProvision(), UrgentProvision: m.GetDueGround().GetUrgentProvision(), FromArrival: m.GetDueGround().GetFromArrival(),
	}
}

// grantBy returns the time by which a moved application must be decided, counted from from, and the
// provision. If that day has passed at the time at, it is the next working day after at.
func grantBy(limit matter.Limit, urgency commonv1.Urgency, from, at time.Time) (time.Time, string) {
	if matter.IsUrgent(urgency) {
		return matter.NotPast(matter.EndOfWorkingDay(from, limit.UrgentWorkingDays), at), limit.UrgentProvision
	}
	return matter.NotPast(matter.EndOfWorkingDay(from, limit.WorkingDays), at), limit.Provision
}

// countsFrom returns the time from which the time to decide a moved application is counted.
func countsFrom(limit matter.Limit, arrivedOn string, sent time.Time) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, arrivedOn, matter.Helsinki())
	if err != nil || !limit.FromArrival {
		return sent
	}
	return day
}

// judged returns the time by which a moved application must be decided after it is judged to have
// an urgency, and the provision. The time is zero for other kinds, and if the judgement changes
// nothing.
func (r Referral) judged(urgency commonv1.Urgency, at time.Time) (time.Time, string) {
	switch {
	case r.Statutory.IsZero():
		return time.Time{}, ""
	case matter.IsMoreUrgent(urgency, r.Clock.Urgency):
		due, provision := grantBy(r.Limit, urgency, at, at)
		first := matter.Earliest(matter.Statutory(due, provision), matter.Statutory(r.Statutory, r.Provision))
		return first.At, first.Provision
	case matter.IsUrgent(r.Clock.Urgency) && !matter.IsUrgent(urgency):
		return grantBy(r.Limit, urgency, r.CountsFrom, at)
	default:
		return time.Time{}, ""
	}
}

// isMoved reports whether a referral of this kind is an application that is moved to the agency
// that it belongs to.
func isMoved(kind referralv1.ReferralKind) bool {
	return kind == referralv1.ReferralKind_REFERRAL_KIND_APPLICATION_TRANSFER
}
