package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Status returns the status of a consultation, the same for every party except for the basis of the
// due time. Once the question is answered it is the asker's turn: to ask again, or to close it.
func Status(view Consultation, reader loop.Reader) *commonv1.LoopStatus {
	return statusWith(view, reader, loop.Earliest(loop.Promised(view.Due), view.Clock.Urgent(false)))
}

// statusBefore returns the status by the rules before loop.DueRules 1.
func statusBefore(view Consultation, reader loop.Reader) *commonv1.LoopStatus {
	return statusWith(view, reader, loop.Promised(view.Due))
}

func statusWith(view Consultation, reader loop.Reader, due loop.Deadline) *commonv1.LoopStatus {
	waitingOn := view.Holder()
	if view.State() == stateAnswered {
		waitingOn = view.Sender
	}
	return loop.WithoutBasis(loop.NewStatus(view.Head, Responsible(view), waitingOn, due), reader)
}

// Responsible returns the party that is responsible: the asker until somebody takes the question.
func Responsible(c Consultation) *commonv1.Party {
	switch {
	case c.Ended():
		return nil
	case c.State() == stateOpen:
		return c.Sender
	default:
		return c.Holder()
	}
}

// WorklistEntry returns the consultation's entry in a reader's worklist.
func WorklistEntry(view Consultation, reader loop.Reader) loop.WorklistEntry {
	holder := view.Holder()
	switch reader.Role {
	case loop.RoleSender:
		holder = view.Sender
	case loop.RoleParticipant:
		at := slices.IndexFunc(view.Consultation.GetParticipants(), func(p *commonv1.Party) bool { return p.GetAgency() == reader.Agency })
		if at >= 0 {
			holder = view.Consultation.GetParticipants()[at]
		}
	}
	return loop.WorklistEntry{
		Unit: holder.GetUnit(), Worker: holder.GetWorker(), State: int32(view.State()), Urgency: view.Consultation.GetUrgency(), Touched: view.Clock.Touched,
	}
}

// Readers returns the agencies to which a consultation is disclosed: the asker's, the one that is
// asked, and those invited.
func Readers(c Consultation, withdrawn bool) []loop.Reader {
	readers := []loop.Reader{
		{Agency: c.Sender.GetAgency(), Role: loop.RoleSender},
		{Agency: c.Consultation.GetAddressee().GetAgency(), Role: loop.RoleReceiver},
	}
	for _, party := range c.Consultation.GetParticipants() {
		readers = append(readers, loop.Reader{Agency: party.GetAgency(), Role: loop.RoleParticipant})
	}
	return c.OnGround(readers, withdrawn)
}

// NextCheck returns when the clock must check a consultation again; zero for never.
func NextCheck(history loop.History[Consultation]) time.Time { return loop.NextCheck(history, Status) }

// Overdue returns an event for each due time that has passed and was not yet recorded.
func Overdue(history loop.History[Consultation], at time.Time) []loop.Event {
	return loop.Overdue(history, at, Status, func(c Consultation, due *timestamppb.Timestamp) proto.Message {
		return &consultationv1.ConsultationOverdue{State: c.State(), DueAt: due, DueRules: loop.DueRules}
	})
}

// Shared reports whether another agency than the given one takes part in a consultation: the other
// asks, or has taken the question.
func Shared(view Consultation, agency string) bool {
	if asker := view.Sender.GetAgency(); asker != agency {
		return asker != ""
	}
	taker := view.Consultation.GetTakenBy().GetAgency()
	return taker != "" && taker != agency
}
