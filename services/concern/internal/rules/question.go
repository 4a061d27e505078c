package rules

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// newQuestion returns a question with its time limit. The limit is no later than the urgency that
// the reporter gave its report allows, because the reporter is shown the limit.
func newQuestion(c Concern, command Command, r *concernv1.RequestInformationRequest) *concernv1.InformationRequested {
	due := matter.EndOfWorkingDay(command.At, workingDaysToAnswer)
	if r.GetDueAt() != nil {
		due = matter.NotPast(r.GetDueAt().AsTime(), command.At)
	}
	due = matter.Earlier(due, matter.UrgentBy(c.Urgency, command.At))
	return &concernv1.InformationRequested{
		InformationRequestId: command.NewID, Question: r.GetQuestion(), DueAt: timestamppb.New(due),
	}
}

// checkAnswer refuses an answer to another question than the open one.
func checkAnswer(world World, command Command, r *concernv1.ProvideInformationRequest) error {
	if r.GetInformationRequestId() != world.View(command.Subject, command.Actor.Agency).State.Open {
		return fault.New(fault.InvalidField, "this question is not open").
			Field("information_request_id", "name the open question")
	}
	return nil
}
