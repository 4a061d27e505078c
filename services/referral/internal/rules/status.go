package rules

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Status returns the status of a referral, the same for every party except for the basis of the due
// time.
func Status(view Referral, reader matter.Reader) *commonv1.LoopStatus {
	return statusWith(view, reader, next(view))
}

// statusBefore returns the status by the rules before matter.DueRules 1.
func statusBefore(view Referral, reader matter.Reader) *commonv1.LoopStatus {
	return statusWith(view, reader, matter.Turn{Deadline: matter.Promised(dueBefore(view)), Of: next(view).Of})
}

func statusWith(view Referral, reader matter.Reader, turn matter.Turn) *commonv1.LoopStatus {
	status := matter.WithoutBasis(matter.NewStatus(view.Head, Responsible(view), turn.Of, turn.Deadline), reader)
	status.WaitingOnClient = view.State == stateOnHold && view.CancelBy.IsZero() && !view.holds()
	return status
}

// Responsible returns the party that is responsible: the sender until the referral is accepted.
func Responsible(r Referral) *commonv1.Party {
	switch {
	case r.Ended():
		return nil
	case r.accepted():
		return r.Holder
	default:
		return r.Sender
	}
}

// MayContact returns the party that may read contact data under a non-disclosure: the responsible
// one. An agency that redirected a referral may read them, if at all, because of the referral that
// it still has, not because of the one that it passed on.
func MayContact(r Referral) *commonv1.Party {
	responsible := Responsible(r)
	if r.RedirectedFrom != "" && responsible.GetAgency() == r.Sender.GetAgency() {
		return nil
	}
	return responsible
}

// WorklistEntry returns the referral's entry in a reader's worklist.
func WorklistEntry(view Referral, reader matter.Reader) matter.WorklistEntry {
	holder := view.Holder
	switch reader.Role {
	case matter.RoleSender:
		holder = view.Sender
	case matter.RoleParticipant:
		holder = view.FirstSender
	}
	entry := matter.WorklistEntry{Unit: holder.GetUnit(), Worker: holder.GetWorker(), State: int32(view.State), Urgency: view.Clock.Urgency, Touched: view.Clock.Touched}
	if reader.Role == matter.RoleReceiver && !view.Ended() {
		entry.OnCall, entry.OnCallAt = view.OnCall.Unit.GetUnit(), view.OnCall.Since
	}
	return entry
}

// Readers returns the agencies to which a referral is disclosed: sender, receiver and, for a
// redirected one, the sender of the first.
func Readers(r Referral, withdrawn bool) []matter.Reader {
	readers := []matter.Reader{
		{Agency: r.Sender.GetAgency(), Role: matter.RoleSender},
		{Agency: r.Receiver.GetAgency(), Role: matter.RoleReceiver},
	}
	if first := r.FirstSender.GetAgency(); first != "" && first != readers[0].Agency && first != readers[1].Agency {
		readers = append(readers, matter.Reader{Agency: first, Role: matter.RoleParticipant})
	}
	return r.OnGround(readers, withdrawn)
}

// NextCheck returns when the clock must check a referral again; zero for never.
func NextCheck(history matter.History[Referral]) time.Time { return matter.NextCheck(history, Status) }

// Overdue returns an event for each due time that has passed and was not yet recorded.
func Overdue(history matter.History[Referral], at time.Time) []matter.Event {
	return matter.Overdue(history, at, Status, func(r Referral, due *timestamppb.Timestamp) proto.Message {
		return &referralv1.ReferralOverdue{State: r.State, DueAt: due, DueRules: matter.DueRules, InformationRequestId: r.LapsingAt(due.AsTime())}
	})
}

// Shared reports whether another agency than the given one takes part in a referral: the other has
// accepted it, or sent it and the given one did not send the first.
func Shared(view Referral, agency string) bool {
	sender := view.Sender.GetAgency()
	switch {
	case view.State == stateDeclined || sender == "":
		return false
	case sender == agency || view.FirstSender.GetAgency() == agency:
		return view.accepted() && view.Receiver.GetAgency() != agency
	default:
		return true
	}
}
