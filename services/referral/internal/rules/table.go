package rules

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// step is one step of the table; R is its request.
type step[R proto.Message] = matter.Step[Referral, Facts, *outcome, R]

// Table holds the steps on an existing referral, in the order in which a person is offered them:
// the likely one first. A step that is not in the table is refused. While the referral is offered
// onward the receiver cannot decide about it: otherwise two agencies could have it, or none.
var Table = matter.NewTable[Referral, Facts, *outcome](
	step[*referralv1.ProvideInformationRequest]{
		By: both, When: when(answers), Automatic: true, WhenFull: matter.Always,
		Check: checkAnswer, Record: recordAnswer,
	},
	step[*referralv1.ReceiveReferralRequest]{
		By: receiver, When: in(stateSent), Automatic: true, WhenFull: matter.Always,
		Record: func(o *outcome, command Command, _ *referralv1.ReceiveReferralRequest) {
			o.Add(command.Subject, &referralv1.ReferralReceived{})
		},
	},
	step[*referralv1.AcceptReferralRequest]{
		By: receiver, When: withoutOffer(Referral.undecided), Touch: "ReferralAccepted", WhenFull: matter.Always,
		Record: func(o *outcome, command Command, r *referralv1.AcceptReferralRequest) {
			worker := command.Actor.Party()
			if r.GetWorker() != "" {
				worker.Worker = r.GetWorker()
			}
			o.Add(command.Subject, &referralv1.ReferralAccepted{Worker: worker})
		},
	},
	step[*referralv1.ScheduleAppointmentRequest]{
		By: receiver, When: withoutOffer(Referral.accepted), Touch: "AppointmentScheduled",
		Check: func(_ World, command Command, r *referralv1.ScheduleAppointmentRequest) error {
			return matter.CheckScheduled(r.GetAt(), command.At)
		},
		Record: func(o *outcome, command Command, r *referralv1.ScheduleAppointmentRequest) {
			o.Add(command.Subject, &referralv1.AppointmentScheduled{AppointmentId: command.NewID, At: r.GetAt(), Place: r.GetPlace()})
		},
	},
	step[*referralv1.RecordAppointmentResultRequest]{
		By: receiver, When: withoutOffer(awaitsResult), Touch: "AppointmentResultRecorded", WhenFull: matter.Finishes,
		Check: func(world World, command Command, r *referralv1.RecordAppointmentResultRequest) error {
			return matter.CheckAppointmentResult(world.State(command.Subject).Appointments, r.GetAppointmentId(), r.GetResult(), command.At, "AddProgressNote")
		},
		Record: func(o *outcome, command Command, r *referralv1.RecordAppointmentResultRequest) {
			o.Add(command.Subject, &referralv1.AppointmentResultRecorded{AppointmentId: r.GetAppointmentId(), Result: r.GetResult()})
		},
	},
	step[*referralv1.PlanContactRequest]{
		By: both, When: when(func(r Referral) bool { return r.undecided() || r.accepted() }), Automatic: true,
		Check: func(_ World, command Command, r *referralv1.PlanContactRequest) error {
			return matter.CheckContact(r, command.At)
		},
		Record: func(o *outcome, command Command, r *referralv1.PlanContactRequest) {
			o.Add(command.Subject, matter.ContactPlanned(r))
		},
	},
	step[*referralv1.AddProgressNoteRequest]{
		By: receiver, When: when(Referral.accepted), Touch: "ProgressNoteAdded",
		Record: func(o *outcome, command Command, r *referralv1.AddProgressNoteRequest) {
			o.Add(command.Subject, &referralv1.ProgressNoteAdded{Text: r.GetText(), OnHold: r.GetOnHold(), Attachments: command.Attachments})
		},
	},
	step[*referralv1.TriageReferralRequest]{
		By: receiver, When: when(func(r Referral) bool { return r.State == stateReceived || r.accepted() }), Touch: "ReferralTriaged", WhenFull: matter.Finishes,
		Record: func(o *outcome, command Command, r *referralv1.TriageReferralRequest) {
			triaged := &referralv1.ReferralTriaged{Urgency: r.GetUrgency()}
			if due, provision := o.State(command.Subject).judged(r.GetUrgency(), command.At); !due.IsZero() {
				triaged.StatutoryDueAt, triaged.DueProvision = timestamppb.New(due), provision
			}
			if referral := o.State(command.Subject); r.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY && referral.Clock.Urgency != r.GetUrgency() {
				triaged.OnCall = matter.OnCallBeside(referral.Holder, command.Facts.OnCall)
			}
			o.Add(command.Subject, triaged)
		},
	},
	step[*referralv1.RefuseCancellationRequest]{
		By: receiver, When: when(func(r Referral) bool { return !r.CancelBy.IsZero() }), WhenFull: matter.Finishes,
		Check: func(_ World, _ Command, r *referralv1.RefuseCancellationRequest) error {
			return matter.CheckExplained("refusing the cancellation", "explanation", r.GetExplanation())
		},
		Record: func(o *outcome, command Command, r *referralv1.RefuseCancellationRequest) {
			o.Add(command.Subject, &referralv1.ReferralCancellationRefused{Explanation: r.GetExplanation()})
		},
	},
	step[*referralv1.CompleteReferralRequest]{
		By: receiver, When: withoutOffer(Referral.accepted), WhenFull: matter.Always,
		// A notice or documents end by being read, also by a partner's system.
		Or: []matter.Access[Referral]{{
			By: receiver, When: withoutOffer(func(r Referral) bool { return r.undecided() && r.isNotice() }), Automatic: true,
		}},
		Check: checkOutcome,
		Record: func(o *outcome, command Command, r *referralv1.CompleteReferralRequest) {
			o.Add(command.Subject, &referralv1.ReferralCompleted{Outcome: r.GetOutcome(), OutcomeNote: r.GetOutcomeNote(), Attachments: command.Attachments})
		},
	},
	step[*referralv1.RedirectReferralRequest]{
		By: receiver, When: withoutOffer(func(r Referral) bool { return r.undecided() || r.State == stateAccepted && r.CancelBy.IsZero() }), Touch: "ReferralRedirected",
		Check: checkRedirect, Record: redirect,
	},
	step[*referralv1.RequestInformationRequest]{
		By: receiver, When: asks(matter.RoleReceiver), Touch: "InformationRequested",
		Or:    []matter.Access[Referral]{{By: sender, When: asks(matter.RoleSender)}},
		Check: checkRequest, Record: recordRequest,
	},
	step[*referralv1.AddInformationRequest]{
		By: both, When: when(Referral.open), Automatic: true,
		Check: checkAddition, Record: recordAddition,
	},
	step[*referralv1.ReassignReferralRequest]{
		By: receiver, When: when(func(r Referral) bool { return r.State == stateReceived || r.accepted() }), WhenFull: matter.Finishes,
		Check: func(world World, command Command, r *referralv1.ReassignReferralRequest) error {
			return matter.CheckReassigned(r, command.Actor.Agency, world.State(command.Subject).Holder.GetWorker() != "")
		},
		Record: func(o *outcome, command Command, r *referralv1.ReassignReferralRequest) {
			o.Add(command.Subject, &referralv1.ReferralReassigned{To: r.GetTo(), Reason: r.GetReason()})
		},
	},
	step[*referralv1.DeclineReferralRequest]{
		By: receiver, When: withoutOffer(Referral.undecided), WhenFull: matter.Always,
		Check: checkDecline,
		Record: func(o *outcome, command Command, r *referralv1.DeclineReferralRequest) {
			o.Add(command.Subject, &referralv1.ReferralDeclined{Reason: r.GetReason(), Explanation: r.GetExplanation(), SuggestedReceiver: r.GetSuggestedReceiver()})
		},
	},
	step[*referralv1.SettleReferralRequest]{
		By: sender, When: in(stateDeclined), Automatic: true, WhenFull: matter.Always,
		Check: func(_ World, _ Command, r *referralv1.SettleReferralRequest) error {
			return matter.CheckSettled(r.GetResubmittedAs(), r.GetReason())
		},
		Record: func(o *outcome, command Command, r *referralv1.SettleReferralRequest) {
			o.Add(command.Subject, &referralv1.ReferralSettled{ResubmittedAs: r.GetResubmittedAs(), Reason: r.GetReason()})
		},
	},
	step[*referralv1.CancelReferralRequest]{
		By: sender, When: when(func(r Referral) bool { return r.undecided() || r.accepted() && r.CancelBy.IsZero() }), Automatic: true, WhenFull: matter.Always,
		Record: func(o *outcome, command Command, r *referralv1.CancelReferralRequest) {
			o.cancel(command.Subject, r.GetReason(), command.Actor.Party())
		},
	},
	matter.AcknowledgeStep[Referral](func(o *outcome, command Command, _ *referralv1.AcknowledgeRevocationRequest) {
		o.Add(command.Subject, &commonv1.RevocationAcknowledged{})
	}),
	matter.RevokeStep[Referral](func(o *outcome, command Command, r *referralv1.RevokeReferralRequest) {
		o.revoke(command.Subject, r.GetReason(), command.Actor.Party())
	}),
)

// touching are the names of the events from which the clock of an urgent matter is counted again.
var touching = Table.Touching()
