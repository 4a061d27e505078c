package rules

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// checkMessage refuses a message that says it does what its author cannot do with it.
func checkMessage(world World, command Command, r *consultationv1.PostMessageRequest) error {
	byAsker := world.View(command.Subject, command.Actor.Agency).Reader.Role == matter.RoleSender
	switch {
	case r.GetAnswers() && byAsker:
		return fault.New(fault.InvalidField, "the asker cannot answer the question").Field("answers", "leave false")
	case r.GetAsks() && byAsker:
		return fault.New(fault.InvalidField, "each message of the asker already gives the other side the turn").Field("asks", "leave false")
	case r.GetAsks() && r.GetAnswers():
		return fault.New(fault.InvalidField, "a message either answers the asker or asks the asker something").
			Field("asks", "leave false, or post the answer and the question as two messages")
	default:
		return nil
	}
}

// posted adds a message. After an answer, or when the asker is asked something, it is the asker's
// turn; with the asker's next message it is the turn of the worker who has the question.
func posted(c Consultation, e matter.Event, m *consultationv1.MessagePosted) Consultation {
	asked := c.Asked()
	c.Consultation.Messages = append(c.Consultation.Messages, &consultationv1.ConsultationMessage{
		MessageId: m.GetMessageId(), From: e.By, At: timestamppb.New(e.At), Text: m.GetText(), Attachments: m.GetAttachments(),
		Answers: m.GetAnswers(), Asks: m.GetAsks(),
	})
	switch {
	case m.GetAnswers():
		// The receiver has nothing more to do in it now, however urgent it was.
		c.Clock.Urgency, c.Clock.Bound = commonv1.Urgency_URGENCY_UNSPECIFIED, time.Time{}
		return c.to(stateAnswered, e.At, matter.EndOfWorkingDay(e.At, workingDaysToConfirm))
	case m.GetAsks():
		return c.ask(e, asked)
	case (asked || c.State() == stateAnswered) && e.By.GetAgency() == c.Sender.GetAgency():
		c.Clock.Urgency = c.Consultation.GetUrgency()
		c.Clock.Restart(e.At)
		return c.to(stateTaken, e.At, matter.EndOfWorkingDay(e.At, workingDaysToAnswer))
	default:
		return c
	}
}

// ask gives the asker the turn in the same state. The limit of whoever has the question rests and is
// counted anew from the asker's message; the asker's own limits, and that of a question that is
// already open, are not moved back by a further one.
func (c Consultation) ask(e matter.Event, asked bool) Consultation {
	due := matter.EndOfWorkingDay(e.At, workingDaysToReply)
	if c.Consultation.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY {
		due = matter.UrgentBy(commonv1.Urgency_URGENCY_EMERGENCY, e.At)
	}
	if asked || c.State() == stateAnswered {
		due = matter.Earlier(due, c.Due)
	}
	c.Due = due
	c.Enter(commonv1.LoopPhase_LOOP_PHASE_WAITING, e.At)
	// Whoever was asked handles an urgent question by asking back. A participant does not: what the
	// addressee must do by then remains.
	if e.By.GetAgency() == c.Consultation.GetAddressee().GetAgency() {
		c.Clock.Touch(e.At)
	}
	return c
}
