package rules

import (
	"cmp"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// step is one step of the table; R is its request.
type step[R proto.Message] = matter.Step[Concern, Facts, *outcome, R]

// Table holds the steps on an existing concern, in the order in which a person is offered them: the
// likely one first. A step that is not in the table is refused. INFORMATION_REQUESTED counts as the
// state that it interrupted. A report that joined another has only the steps of its own.
var Table = matter.NewTable[Concern, Facts, *outcome](
	step[*concernv1.ProvideInformationRequest]{
		By: both, When: answers, Automatic: true, WhenFull: matter.Always,
		Check: checkAnswer, Record: recordAnswer,
	},
	step[*concernv1.ReceiveConcernRequest]{
		By: receiver, When: in(stateSubmitted), Automatic: true, WhenFull: matter.Always,
		Record: func(o *outcome, command Command, _ *concernv1.ReceiveConcernRequest) {
			o.Add(command.Subject, &concernv1.ConcernReceived{})
			// The report now gets the steps that the concern it follows has passed before.
			o.catchUp(command.Subject)
		},
	},
	step[*concernv1.TakeConcernRequest]{
		By: receiver, When: leading(run(stateSubmitted, stateTriaged)), Touch: "ConcernTaken", WhenFull: matter.Always,
		Record: func(o *outcome, command Command, _ *concernv1.TakeConcernRequest) {
			o.Add(command.Subject, &concernv1.ConcernTaken{Worker: command.Actor.Party()})
		},
	},
	step[*concernv1.StartAssessmentRequest]{
		By: receiver, When: leading(run(stateTaken, stateTaken)), May: profession, Touch: "AssessmentStarted", WhenFull: matter.Always,
		Record: func(o *outcome, command Command, _ *concernv1.StartAssessmentRequest) {
			o.Add(command.Subject, &concernv1.AssessmentStarted{})
		},
	},
	step[*concernv1.CompleteAssessmentRequest]{
		By: receiver, When: leading(run(stateInAssessment, stateInAssessment)), May: profession, Touch: "AssessmentCompleted", WhenFull: matter.Always,
		Check: func(_ World, command Command, r *concernv1.CompleteAssessmentRequest) error {
			return cmp.Or(checkAssessor(r.GetSupportNeed(), command.Actor), checkFourField(r.GetFourField()))
		},
		Record: func(o *outcome, command Command, r *concernv1.CompleteAssessmentRequest) {
			o.Add(command.Subject, &concernv1.AssessmentCompleted{SupportNeed: r.GetSupportNeed(), PlanId: r.GetPlanId(), FourField: r.GetFourField()})
		},
	},
	step[*concernv1.RecordContactAttemptRequest]{
		By: receiver, When: leading(run(stateReceived, stateAssessed)), Touch: "ContactAttempted",
		Check: checkContact, Record: recordContact,
	},
	step[*concernv1.RecordAppointmentResultRequest]{
		By: receiver, When: awaitsResult(run(stateReceived, stateAssessed)), Touch: "AppointmentResultRecorded", WhenFull: matter.Finishes,
		Check: func(world World, command Command, r *concernv1.RecordAppointmentResultRequest) error {
			return matter.CheckAppointmentResult(world.State(command.Subject).Appointments, r.GetAppointmentId(), r.GetResult(), command.At, "ScheduleAppointment")
		},
		Record: func(o *outcome, command Command, r *concernv1.RecordAppointmentResultRequest) {
			o.Add(command.Subject, &commonv1.AppointmentResultRecorded{AppointmentId: r.GetAppointmentId(), Result: r.GetResult()})
		},
	},
	step[*concernv1.ScheduleAppointmentRequest]{
		By: receiver, When: leading(run(stateReceived, stateAssessed)), Touch: "AppointmentScheduled",
		Check: func(_ World, command Command, r *concernv1.ScheduleAppointmentRequest) error {
			return matter.CheckScheduled(r.GetAt(), command.At)
		},
		Record: func(o *outcome, command Command, r *concernv1.ScheduleAppointmentRequest) {
			o.Add(command.Subject, &commonv1.AppointmentScheduled{AppointmentId: command.NewID, At: r.GetAt(), Place: r.GetPlace()})
		},
	},
	// Once the concern is taken, triage does not change the state, but the urgency may be judged again.
	step[*concernv1.TriageConcernRequest]{
		By: receiver, When: leading(run(stateReceived, stateAssessed)), Touch: "ConcernTriaged", WhenFull: matter.Finishes,
		Check: checkTriage, Record: recordTriage,
	},
	step[*concernv1.PlanContactRequest]{
		By: receiver, When: leading(run(stateReceived, stateAssessed)), Automatic: true,
		Check: func(_ World, command Command, r *concernv1.PlanContactRequest) error {
			return matter.CheckContact(r, command.At)
		},
		Record: func(o *outcome, command Command, r *concernv1.PlanContactRequest) {
			o.Add(command.Subject, matter.ContactPlanned(r))
		},
	},
	step[*concernv1.RecordFeedbackConsentRequest]{
		By: receiver, When: feedbackAsked, WhenFull: matter.Finishes,
		Check: checkFeedbackConsent, Record: recordFeedbackConsent,
	},
	step[*concernv1.RequestInformationRequest]{
		By: receiver, When: receiverAsks, Touch: "InformationRequested",
		Or:    []matter.Access[Concern]{{By: reporter, When: reporterAsks}},
		Check: checkRequest, Record: recordRequest,
	},
	step[*concernv1.AddInformationRequest]{
		By: receiver, When: receiverAdds, Automatic: true,
		Or:    []matter.Access[Concern]{{By: reporter, When: reporterAdds, Automatic: true}},
		Check: checkAddition, Record: recordAddition,
	},
	step[*concernv1.ForwardConcernRequest]{
		By: receiver, When: leading(run(stateReceived, stateAssessed)), Touch: "ConcernForwarded",
		Check: checkForward, Record: forward,
	},
	step[*concernv1.ReassignConcernRequest]{
		By: receiver, When: leading(run(stateReceived, stateAssessed)), WhenFull: matter.Finishes,
		Check: func(world World, command Command, r *concernv1.ReassignConcernRequest) error {
			return matter.CheckReassigned(r, command.Actor.Agency, world.State(command.Subject).isHeld())
		},
		Record: func(o *outcome, command Command, r *concernv1.ReassignConcernRequest) {
			o.Add(command.Subject, &concernv1.ConcernReassigned{To: r.GetTo(), Reason: r.GetReason()})
		},
	},
	step[*concernv1.SetSecondWorkerRequest]{
		By: receiver, When: held(run(stateReceived, stateAssessed)), WhenFull: matter.Finishes,
		Check: checkSecond,
		Record: func(o *outcome, command Command, r *concernv1.SetSecondWorkerRequest) {
			o.Add(command.Subject, &concernv1.SecondWorkerSet{Worker: r.GetWorker()})
		},
	},
	step[*concernv1.CloseConcernRequest]{
		By: receiver, When: leading(run(stateSubmitted, stateAssessed)), WhenFull: matter.Always,
		Check: checkClose,
		Record: func(o *outcome, command Command, r *concernv1.CloseConcernRequest) {
			o.Add(command.Subject, &concernv1.ConcernClosed{
				Outcome: r.GetOutcome(), Feedback: r.GetFeedback(), Attachments: command.Attachments, GuidedTo: r.GetGuidedTo(), Note: r.GetNote(),
			})
		},
	},
	step[*concernv1.DeclineConcernRequest]{
		By: receiver, When: untaken(run(stateSubmitted, stateReceived)), WhenFull: matter.Always,
		Check: checkDecline,
		Record: func(o *outcome, command Command, r *concernv1.DeclineConcernRequest) {
			o.Add(command.Subject, &concernv1.ConcernDeclined{
				Reason: r.GetReason(), Explanation: r.GetExplanation(), SuggestedReceiver: r.GetSuggestedReceiver(),
			})
		},
	},
	step[*concernv1.SettleConcernRequest]{
		By: reporter, When: in(stateDeclined), Automatic: true, WhenFull: matter.Always,
		Check: func(_ World, _ Command, r *concernv1.SettleConcernRequest) error {
			return matter.CheckSettled(r.GetResubmittedAs(), r.GetReason())
		},
		Record: func(o *outcome, command Command, r *concernv1.SettleConcernRequest) {
			o.Add(command.Subject, &concernv1.ConcernSettled{ResubmittedAs: r.GetResubmittedAs(), Reason: r.GetReason()})
		},
	},
	step[*concernv1.WithdrawConcernRequest]{
		By: reporter, When: in(run(stateSubmitted, stateTriaged)...), Automatic: true, WhenFull: matter.Always,
		Check: func(_ World, _ Command, r *concernv1.WithdrawConcernRequest) error {
			return matter.CheckExplained("withdrawing", "reason", r.GetReason())
		},
		Record: func(o *outcome, command Command, r *concernv1.WithdrawConcernRequest) {
			o.Add(command.Subject, &concernv1.ConcernWithdrawn{Reason: r.GetReason()})
		},
	},
	matter.AcknowledgeStep[Concern](func(o *outcome, command Command, _ *concernv1.AcknowledgeRevocationRequest) {
		o.Add(command.Subject, &commonv1.RevocationAcknowledged{})
	}),
	matter.RevokeStep[Concern](func(o *outcome, command Command, r *concernv1.RevokeConcernRequest) {
		o.revoke(command.Subject, r.GetReason(), command.Actor.Party())
	}),
)

// touching are the names of the events from which the clock of an urgent matter is counted again.
var touching = Table.Touching()
