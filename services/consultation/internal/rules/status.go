package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Status returns the status of a consultation, the same for every party except for the basis of the
// due time. Once the question is answered it is the asker's turn: to ask again, or to close it. It is
// also while the asker is asked something, unless the taker's urgent limit is earlier.
func Status(view Consultation, reader matter.Reader) *commonv1.LoopStatus {
	return statusWith(view, reader, deadline(view))
}

// deadline returns the due time and its basis.
func deadline(c Consultation) matter.Deadline {
	own := matter.Promised(c.Due)
	if c.Asked() {
		own = matter.Agreed(c.Due)
	}
	return matter.Earliest(own, c.Clock.Urgent(false))
}

// statusBefore returns the status by the rules before matter.DueRules 1.
func statusBefore(view Consultation, reader matter.Reader) *commonv1.LoopStatus {
	return statusWith(view, reader, matter.Promised(view.Due))
}

func statusWith(view Consultation, reader matter.Reader, due matter.Deadline) *commonv1.LoopStatus {
	waitingOn := view.Holder()
	if view.State() == stateAnswered || view.Asked() && due.At.Equal(view.Due) {
		waitingOn = view.Sender
	}
	return matter.WithoutBasis(matter.NewStatus(view.Head, Responsible(view), waitingOn, due), reader)
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
func WorklistEntry(view Consultation, reader matter.Reader) matter.WorklistEntry {
	holder := view.Holder()
	switch reader.Role {
	case matter.RoleSender:
		holder = view.Sender
	case matter.RoleParticipant:
		at := slices.IndexFunc(view.Consultation.GetParticipants(), func(p *commonv1.Party) bool { return p.GetAgency() == reader.Agency })
		if at >= 0 {
			holder = view.Consultation.GetParticipants()[at]
		}
	}
	return matter.WorklistEntry{
		Unit: holder.GetUnit(), Worker: holder.GetWorker(), State: int32(view.State()), Urgency: view.Consultation.GetUrgency(), Touched: view.Clock.Touched,
	}
}

// Readers returns the agencies to which a consultation is disclosed: the asker's, the one that is
// asked, and those invited.
func Readers(c Consultation, withdrawn bool) []matter.Reader {
	readers := []matter.Reader{
		{Agency: c.Sender.GetAgency(), Role: matter.RoleSender},
		{Agency: c.Consultation.GetAddressee().GetAgency(), Role: matter.RoleReceiver},
	}
	for _, party := range c.Consultation.GetParticipants() {
		readers = append(readers, matter.Reader{Agency: party.GetAgency(), Role: matter.RoleParticipant})
	}
	return c.OnGround(readers, withdrawn)
}

// NextCheck returns when the clock must check a consultation again; zero for never.
func NextCheck(history matter.History[Consultation]) time.Time {
	return matter.NextCheck(history, Status)
}

// Overdue returns an event for each due time that has passed and was not yet recorded.
func Overdue(history matter.History[Consultation], at time.Time) []matter.Event {
	return matter.Overdue(history, at, Status, func(c Consultation, due *timestamppb.Timestamp) proto.Message {
		return &consultationv1.ConsultationOverdue{State: c.State(), DueAt: due, DueRules: matter.DueRules}
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
