package rules

import (
	"cmp"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// The time limits of a consultation. They are short, because an answer helps while the client is
// still there.
const (
	officeHoursToTake    = 4 * time.Hour
	emergencyToTake      = 15 * time.Minute
	workingDaysToAnswer  = 1
	workingDaysToReply   = 1
	workingDaysToConfirm = 5
)

// Evolve folds one event into the state. It handles every event of the service and does not change
// the state that it was given.
func Evolve(c Consultation, e matter.Event) Consultation {
	if head, revoked := c.Revoked(e); revoked {
		return Consultation{Head: head, Consultation: &consultationv1.Consultation{
			State: consultationv1.ConsultationState_CONSULTATION_STATE_ENTERED_IN_ERROR,
			Asker: c.Consultation.GetAsker(), Addressee: c.Consultation.GetAddressee(), Participants: c.Consultation.GetParticipants(),
			OpenedAt: c.Consultation.GetOpenedAt(),
		}}
	}
	if m, ok := e.Message.(*consultationv1.ParticipantInvited); ok && m.GetSnapshot() != nil {
		c = fromSnapshot(c, e, m.GetSnapshot())
	}
	if head, withdrawn := c.Withdrawn(e); withdrawn {
		ends := c.Ends(e)
		if c.Head = head; ends {
			if c, _ = c.change(); c.Consultation == nil {
				c.Consultation = &consultationv1.Consultation{ConsultationId: ID(e.Subject)}
			}
			c = c.to(stateClosed, e.At, time.Time{})
			c.Phase = commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN
		}
		return c
	}
	c, consultation := c.change()
	if touching[matter.NameOf(e.Message)] {
		c.Clock.Touch(e.At)
	}
	switch m := e.Message.(type) {
	case *consultationv1.ConsultationOpened:
		return opened(e, m)
	case *consultationv1.ConsultationTaken:
		consultation.TakenBy = m.GetWorker()
		c = c.to(stateTaken, e.At, matter.EndOfWorkingDay(e.At, workingDaysToAnswer))
	case *consultationv1.ConsultationReassigned:
		if consultation.GetState() == stateOpen {
			consultation.Addressee = m.GetTo()
		} else {
			consultation.TakenBy = m.GetTo()
		}
	case *consultationv1.MessagePosted:
		c = posted(c, e, m)
	case *consultationv1.ParticipantInvited:
		consultation.Participants = append(consultation.Participants, m.GetParticipant())
	case *consultationv1.ConsultationClosed:
		consultation.LedTo = m.GetLedTo()
		c = c.to(stateClosed, e.At, time.Time{})
	case *consultationv1.ConsultationOverdue:
		c.Fire(m.GetDueAt().AsTime())
	}
	return c
}

// phases gives the phase that each state is shown as.
var phases = map[consultationv1.ConsultationState]commonv1.LoopPhase{
	stateOpen:     commonv1.LoopPhase_LOOP_PHASE_SENT,
	stateTaken:    commonv1.LoopPhase_LOOP_PHASE_TAKEN,
	stateAnswered: commonv1.LoopPhase_LOOP_PHASE_WAITING,
	stateClosed:   commonv1.LoopPhase_LOOP_PHASE_CLOSED,
}

// to moves to a state with its due time. The consultation must be a clone, because it is changed.
func (c Consultation) to(state consultationv1.ConsultationState, at, due time.Time) Consultation {
	c.Consultation.State, c.Due = state, due
	c.Enter(phases[state], at)
	return c
}

func opened(e matter.Event, m *consultationv1.ConsultationOpened) Consultation {
	c := Consultation{Head: matter.Begin(e, commonv1.LoopPhase_LOOP_PHASE_SENT), Consultation: &consultationv1.Consultation{
		ConsultationId: ID(e.Subject), State: stateOpen, Asker: e.By, Addressee: m.GetAddressee(), Basis: e.Basis,
		Urgency: m.GetUrgency(), Topic: m.GetTopic(), OpenedAt: timestamppb.New(e.At), MatterNumber: m.GetMatterNumber(),
		// The question is the first message.
		Messages: []*consultationv1.ConsultationMessage{{
			MessageId: m.GetMessageId(), From: e.By, At: timestamppb.New(e.At), Text: m.GetQuestion(), Attachments: m.GetAttachments(),
		}},
	}}
	// Taking a question has its own limits, which are shorter than those of urgent matters.
	c.Clock.Urgency = m.GetUrgency()
	c.Due = matter.AfterOfficeHours(e.At, officeHoursToTake)
	if m.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY {
		c.Due = e.At.Add(emergencyToTake)
	}
	return c
}

// fromSnapshot begins the view of an invited party. A reader that already knows the consultation
// learns nothing new and keeps what the snapshot leaves out.
func fromSnapshot(before Consultation, e matter.Event, s *consultationv1.ConsultationSnapshot) Consultation {
	known := s.GetConsultation()
	if len(known.GetLeftOut()) > 0 && before.Exists() {
		known = proto.CloneOf(known)
		matter.Refill(known, before.Consultation)
	}
	began := matter.Event{
		Subject: e.Subject, Client: e.Client, Case: e.Case, By: known.GetAsker(), Basis: known.GetBasis(), At: known.GetOpenedAt().AsTime(),
		Message: known,
	}
	c := Consultation{Head: matter.Begin(began, phases[known.GetState()]), Consultation: known}
	if c.Asked() {
		c.Phase = commonv1.LoopPhase_LOOP_PHASE_WAITING
	}
	c.Number = cmp.Or(before.Number, c.Number)
	c.Since, c.Due = s.GetSince().AsTime(), s.GetDueAt().AsTime()
	c.Clock = before.Clock
	if !before.Exists() {
		c.Clock = matter.Clock{Touched: known.GetTakenBy() != nil}
		if known.GetState() == stateOpen || known.GetState() == stateTaken {
			c.Clock.Urgency = known.GetUrgency()
		}
		if s.GetUrgentDueAt() != nil {
			c.Clock.Bound = s.GetUrgentDueAt().AsTime()
		}
	}
	for _, fired := range s.GetFiredAt() {
		c.Fire(fired.AsTime())
	}
	return c
}
