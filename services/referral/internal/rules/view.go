package rules

import (
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Long are the lists of a referral that grow with its events.
var Long = []protoreflect.Name{"progress_notes", "appointments", "information_requests", "additions"}

// ToReferral returns the referral as its caller reads it: what the caller's agency has been shown,
// and the steps that the caller may take. The handler adds pseudonyms, etag and delivered.
func ToReferral(view matter.View[Referral], actor matter.Actor) *referralv1.Referral {
	r := view.State
	referral := &referralv1.Referral{
		ReferralId: ID(r.Subject), Kind: r.Kind, State: r.State, Status: Status(r, view.Reader),
		Sender: r.Sender, Receiver: r.Receiver, Basis: r.Basis, Urgency: r.Urgency,
		ServiceKey: r.ServiceKey, Reason: r.Reason, Attachments: r.Attachments,
		Appointments: r.Appointments, ProgressNotes: r.Notes, Outcome: r.Outcome, OutcomeNote: r.OutcomeNote, OutcomeAttachments: r.Enclosed,
		DeclineReason: r.DeclineReason, DeclineExplanation: r.Explanation, SuggestedReceiver: r.SuggestedReceiver,
		RedirectedToReferralId: ID(r.Onward.Subject), RedirectedFromReferralId: ID(r.RedirectedFrom),
		SentAt: timestamppb.New(r.Started), ClientLanguage: r.Language, ClientInterpreter: r.Interpreter, OnCall: r.OnCall.Unit, CancellationRequested: !r.CancelBy.IsZero(),
		ResubmittedAs: r.ResubmittedAs, AvailableActions: Allowed(view, actor), Revocation: r.Revocation.Message(),
		TriagedUrgency: r.TriagedUrgency, ApplicationArrivedOn: r.ArrivedOn, InformationRequests: informationRequests(r), Additions: r.Additions,
	}
	if !r.Statutory.IsZero() {
		referral.StatutoryDueAt = timestamppb.New(r.Statutory)
	}
	return referral
}
