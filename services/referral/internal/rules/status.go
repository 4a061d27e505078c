package rules

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Status is the loop's status of a referral: the same for every party, but for what its due
// time rests on.
func Status(view Referral, reader loop.Reader) *commonv1.LoopStatus {
	return statusWith(view, reader, deadline(view))
}

// statusBefore is the status by the rules of before urgency governed.
func statusBefore(view Referral, reader loop.Reader) *commonv1.LoopStatus {
	return statusWith(view, reader, loop.Promised(dueBefore(view)))
}

func statusWith(view Referral, reader loop.Reader, due loop.Deadline) *commonv1.LoopStatus {
	status := loop.WithoutBasis(loop.NewStatus(view.Head, Responsible(view), turn(view), due), reader)
	status.WaitingOnClient = view.State == stateOnHold && view.CancelBy.IsZero()
	return status
}

// Responsible names the one who has it: the sender until it is accepted.
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

// MayContact is who may read contact data under a non-disclosure: who is responsible. Who
// redirected a referral reads them through the one that it has, if at all, and not through
// the one that it passed on.
func MayContact(r Referral) *commonv1.Party {
	responsible := Responsible(r)
	if r.RedirectedFrom != "" && responsible.GetAgency() == r.Sender.GetAgency() {
		return nil
	}
	return responsible
}

// WorklistEntry is the referral's place in a reader's worklist.
func WorklistEntry(view Referral, reader loop.Reader) loop.WorklistEntry {
	holder := view.Holder
	switch reader.Role {
	case loop.RoleSender:
		holder = view.Sender
	case loop.RoleParticipant:
		holder = view.FirstSender
	}
	return loop.WorklistEntry{Unit: holder.GetUnit(), Worker: holder.GetWorker(), State: int32(view.State), Urgency: view.Clock.Urgency, Touched: view.Clock.Touched}
}

// Readers are the agencies that a referral is told to: sender, receiver and, of a
// redirected one, who sent the first.
func Readers(r Referral, withdrawn bool) []loop.Reader {
	readers := []loop.Reader{
		{Agency: r.Sender.GetAgency(), Role: loop.RoleSender},
		{Agency: r.Receiver.GetAgency(), Role: loop.RoleReceiver},
	}
	if first := r.FirstSender.GetAgency(); first != "" && first != readers[0].Agency && first != readers[1].Agency {
		readers = append(readers, loop.Reader{Agency: first, Role: loop.RoleParticipant})
	}
	return r.OnGround(readers, withdrawn)
}

// NextCheck is when the clock must look at a referral again.
func NextCheck(history loop.History[Referral]) time.Time { return loop.NextCheck(history, Status) }

// Overdue records the due times that have passed, once each.
func Overdue(history loop.History[Referral], at time.Time) []loop.Event {
	return loop.Overdue(history, at, Status, func(r Referral, due *timestamppb.Timestamp) proto.Message {
		return &referralv1.ReferralOverdue{State: r.State, DueAt: due, DueRules: loop.DueRules}
	})
}

// Shared tells whether another agency than the given has its part in a referral: it sent
// it, and the given is not who sent the first, or it has accepted it.
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
