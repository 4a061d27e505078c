package rules

import (
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Long are the lists of a concern that grow with its events.
var Long = []protoreflect.Name{"information_requests", "additions", "contact_attempts", "attachments", "triages", "appointments"}

// ToConcern returns the concern as its caller reads it: what the caller's agency has been shown,
// and the steps that the caller may take. The handler adds pseudonyms, etag and delivered.
func ToConcern(view Concern, reader matter.Reader, actor matter.Actor) *concernv1.Concern {
	out := &concernv1.Concern{
		ConcernId: ID(view.Subject), State: view.Shown(), Status: Status(view, reader),
		Reporter: view.Sender, Receiver: view.Receiver, Basis: view.Basis,
		Topics: view.Topics, Description: view.Description, Urgency: view.Urgency,
		SupportNeed: view.SupportNeed, Track: view.Track, ContactAttempts: view.Attempts,
		EarlierConcerns: view.Earlier, ForwardedFromConcernId: idOrEmpty(view.ForwardedFrom),
		InformationRequests: informationRequests(view), Additions: view.Additions, Attachments: view.Attachments,
		Outcome: view.Outcome, Feedback: view.Feedback, OutcomeAttachments: view.Enclosed, SubmittedAt: timestamppb.New(view.Started),
		StatutoryGroups: view.Groups, ClientLanguage: view.Language, TriagedUrgency: view.TriagedUrgency, PlanId: view.PlanID,
		DeclineReason: view.DeclineReason, DeclineExplanation: view.Explanation,
		SuggestedReceiver: view.SuggestedReceiver, ResubmittedAs: view.ResubmittedAs,
		AvailableActions: Allowed(matter.View[Concern]{State: view, Reader: reader}, actor), JoinedConcernId: idOrEmpty(view.Lead),
		Revocation: view.Revocation.Message(), FeedbackConsentedAt: view.feedbackConsent(),
		ClientWill: view.Will, FourField: view.FourField, Triages: view.Triages, SecondWorker: view.Second, OnCall: view.OnCall.Unit, GuidedTo: view.GuidedTo,
		EarlierUnreached: view.EarlierUnreached, Appointments: view.Appointments, ClientInterpreter: view.Interpreter, ClosingNote: view.ClosingNote,
	}
	switch reader.Role {
	case matter.RoleReceiver:
		out.RepeatedUnreached = view.IsRepeatedUnreached()
	case matter.RoleSender:
		// A triage tells the reporter where the concern went, and nothing of the judgement.
		out.Triages = nil
	}
	for _, forward := range view.Forwards {
		out.ForwardedToConcernIds = append(out.ForwardedToConcernIds, ID(forward.Subject))
	}
	for _, report := range view.Reports {
		out.JoinedConcernIds = append(out.JoinedConcernIds, ID(report))
	}
	return out
}

func idOrEmpty(subject string) string {
	if subject == "" {
		return ""
	}
	return ID(subject)
}
