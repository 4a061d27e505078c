package rules

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Decide returns the events that record a command, or refuses the command. For a step on an
// existing concern the order of the checks is the same in all services: role, etag, table, content.
// Token, form, relation and request_id were checked before.
func Decide(world World, command Command) ([]matter.Event, error) {
	if request, ok := command.Request.(*concernv1.SubmitConcernRequest); ok {
		return submit(world, command, request)
	}
	if err := CheckStep(world, command); err != nil {
		return nil, err
	}
	if err := checkContent(world, command); err != nil {
		return nil, err
	}
	outcome := newOutcome(world, command)
	decideStep(outcome, command)
	return outcome.Events(), nil
}

// decideStep adds the event that each step records on its own concern. The outcome adds the events
// that follow for other concerns.
func decideStep(o *outcome, command Command) {
	subject := command.Subject
	switch r := command.Request.(type) {
	case *concernv1.ReceiveConcernRequest:
		o.receive(subject)
	case *concernv1.TriageConcernRequest:
		o.add(subject, &concernv1.ConcernTriaged{
			Urgency: r.GetUrgency(), SupportNeed: r.GetSupportNeed(), Track: r.GetTrack(),
			ClientWantsHelp: r.GetClientWantsHelp(), AssignedTo: r.GetAssignTo(), StatutoryGroups: r.GetStatutoryGroups(),
		})
	case *concernv1.TakeConcernRequest:
		o.add(subject, &concernv1.ConcernTaken{Worker: command.Actor.Party()})
	case *concernv1.ReassignConcernRequest:
		o.add(subject, &concernv1.ConcernReassigned{To: r.GetTo(), Reason: r.GetReason()})
	case *concernv1.RecordContactAttemptRequest:
		o.add(subject, &concernv1.ContactAttempted{Result: r.GetResult(), NextAttemptAt: r.GetNextAttemptAt()})
	case *concernv1.PlanContactRequest:
		o.add(subject, matter.ContactPlanned(r))
	case *concernv1.RequestInformationRequest:
		o.add(subject, askedFor(o.State(subject), command, r))
	case *concernv1.ProvideInformationRequest:
		o.add(subject, &concernv1.InformationProvided{
			InformationRequestId: r.GetInformationRequestId(), Answer: r.GetAnswer(), Attachments: command.Attachments,
		})
	case *concernv1.StartAssessmentRequest:
		o.add(subject, &concernv1.AssessmentStarted{})
	case *concernv1.CompleteAssessmentRequest:
		o.add(subject, &concernv1.AssessmentCompleted{SupportNeed: r.GetSupportNeed(), PlanId: r.GetPlanId()})
	case *concernv1.CloseConcernRequest:
		o.add(subject, &concernv1.ConcernClosed{Outcome: r.GetOutcome(), Feedback: r.GetFeedback(), Attachments: command.Attachments})
	case *concernv1.ForwardConcernRequest:
		forward(o, command, r)
	case *concernv1.DeclineConcernRequest:
		o.add(subject, &concernv1.ConcernDeclined{
			Reason: r.GetReason(), Explanation: r.GetExplanation(), SuggestedReceiver: r.GetSuggestedReceiver(),
		})
	case *concernv1.WithdrawConcernRequest:
		o.add(subject, &concernv1.ConcernWithdrawn{Reason: r.GetReason()})
	case *concernv1.RevokeConcernRequest:
		o.revoke(subject, r.GetReason(), command.Actor.Party())
	case *concernv1.AcknowledgeRevocationRequest:
		o.add(subject, &commonv1.RevocationAcknowledged{})
	case *concernv1.SettleConcernRequest:
		o.add(subject, &concernv1.ConcernSettled{ResubmittedAs: r.GetResubmittedAs(), Reason: r.GetReason()})
	}
}

// askedFor returns a question with its time limit. The limit is no later than the urgency that the
// reporter gave its report allows, because the reporter is shown the limit.
func askedFor(c Concern, command Command, r *concernv1.RequestInformationRequest) *concernv1.InformationRequested {
	due := matter.EndOfWorkingDay(command.At, workingDaysToAnswer)
	if r.GetDueAt() != nil {
		due = matter.NotPast(r.GetDueAt().AsTime(), command.At)
	}
	due = matter.Earlier(due, matter.UrgentBy(c.Urgency, command.At))
	return &concernv1.InformationRequested{
		InformationRequestId: command.NewID, Question: r.GetQuestion(), DueAt: timestamppb.New(due),
	}
}
