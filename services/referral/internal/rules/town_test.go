package rules_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/services/referral"
	"koppi.internal/services/referral/internal/rules"
)

// plain is the town as the shared tests know it.
type plain = rulestest.Fixture[rules.Referral, rules.Facts]

// town is a handful of agencies whose people act on referrals, with no store.
type town struct{ *plain }

func newTown() *town {
	return &town{rulestest.NewFixture(rulestest.Service[rules.Referral, rules.Facts]{
		Rules: referral.Rules(), Collection: rules.Collection, Decide: rules.Decide, Allowed: rules.Allowed,
		Facts: facts, Requests: requests,
	})}
}

var people = rulestest.People

// Kinds of referrals, in short.
const (
	service  = referralv1.ReferralKind_REFERRAL_KIND_SERVICE
	transfer = referralv1.ReferralKind_REFERRAL_KIND_APPLICATION_TRANSFER
	notice   = referralv1.ReferralKind_REFERRAL_KIND_DECISION_NOTICE
)

// send sends a referral and returns its subject.
func (w *town) send(from, to string, kind referralv1.ReferralKind, urgency commonv1.Urgency) (string, error) {
	return w.Begin(rules.Command{
		Actor: people[from], Client: "anna", Facts: rules.Facts{Receiver: &commonv1.Party{Agency: to, Unit: "intake"}, ToSocialServices: to == "hva"},
		Request: &referralv1.SendReferralRequest{
			Basis: rulestest.Consent(w.Now), Kind: kind, Reason: "Arvio.", ServiceKey: "arvio", Urgency: urgency,
			Receiver: &commonv1.Party{Agency: to}, Client: &commonv1.Client{Language: "fi"},
		},
	})
}

// sent is a plain one from kela to hva.
func sent(t *testing.T, kind referralv1.ReferralKind) (*town, string) {
	t.Helper()
	w := newTown()
	subject, err := w.send("kela", "hva", kind, commonv1.Urgency_URGENCY_NORMAL)
	rulestest.Must(t, err)
	return w, subject
}

// facts: a redirect goes where its request says.
func facts(request proto.Message) (known rules.Facts) {
	if redirect, ok := request.(*referralv1.RedirectReferralRequest); ok {
		known.Receiver = &commonv1.Party{Agency: redirect.GetReceiver().GetAgency(), Unit: "intake"}
		known.ToSocialServices = redirect.GetReceiver().GetAgency() == "hva"
	}
	return known
}

// take takes the passable form of a step of an agency's person.
func (w *town) take(t *testing.T, agency, subject, step string) {
	t.Helper()
	w.Take(t, people[agency], subject, step)
}

func (w *town) try(agency, subject string, request proto.Message) error {
	return w.Try(people[agency], subject, request)
}

// onward is the referral that one was redirected to.
func (w *town) onward(subject string) string { return w.Histories[subject].State.Onward.Subject }

const (
	receive     = "ReceiveReferral"
	triage      = "TriageReferral"
	accept      = "AcceptReferral"
	decline     = "DeclineReferral"
	redirect    = "RedirectReferral"
	reassign    = "ReassignReferral"
	schedule    = "ScheduleAppointment"
	result      = "RecordAppointmentResult"
	note        = "AddProgressNote"
	contact     = "PlanContact"
	hold        = "hold"
	refuse      = "RefuseCancellation"
	complete    = "CompleteReferral"
	cancel      = "CancelReferral"
	settle      = "SettleReferral"
	revoke      = "RevokeReferral"
	acknowledge = "AcknowledgeRevocation"
)

var allSteps = []string{
	receive, triage, accept, decline, redirect, reassign, schedule, result, note, contact, refuse, complete, cancel, settle, revoke, acknowledge,
}

// requests makes a passable request of each step; a redirect goes to the other.
func requests(w *plain, subject string, other matter.Actor) map[string]proto.Message {
	state := w.Histories[subject].State
	outcome := referralv1.ReferralOutcome_REFERRAL_OUTCOME_CLIENT_NOT_REACHED
	if state.Kind == notice {
		outcome = referralv1.ReferralOutcome_REFERRAL_OUTCOME_ACKNOWLEDGED
	}
	appointment := ""
	for _, one := range state.Appointments {
		if one.GetResult() == 0 {
			appointment = one.GetAppointmentId()
		}
	}
	return map[string]proto.Message{
		receive:  &referralv1.ReceiveReferralRequest{},
		triage:   &referralv1.TriageReferralRequest{Urgency: commonv1.Urgency_URGENCY_URGENT},
		accept:   &referralv1.AcceptReferralRequest{},
		decline:  &referralv1.DeclineReferralRequest{Reason: referralv1.ReferralDeclineReason_REFERRAL_DECLINE_REASON_NO_CAPACITY, Explanation: "tammikuussa"},
		redirect: &referralv1.RedirectReferralRequest{Receiver: &commonv1.Party{Agency: other.Agency}, Basis: rulestest.Consent(w.Now), Explanation: "sinne"},
		reassign: &referralv1.ReassignReferralRequest{To: &commonv1.Party{Agency: state.Receiver.GetAgency(), Unit: "muu"}, Reason: "loma"},
		schedule: &referralv1.ScheduleAppointmentRequest{At: timestamppb.New(w.Now), Place: "asema"},
		result: &referralv1.RecordAppointmentResultRequest{
			AppointmentId: appointment, Result: referralv1.AppointmentResult_APPOINTMENT_RESULT_NO_SHOW,
		},
		contact:     &referralv1.PlanContactRequest{At: timestamppb.New(w.Now.Add(time.Hour))},
		note:        &referralv1.AddProgressNoteRequest{Text: "etenee"},
		hold:        &referralv1.AddProgressNoteRequest{Text: "odottaa", OnHold: true},
		refuse:      &referralv1.RefuseCancellationRequest{Explanation: "hoito jatkuu"},
		complete:    &referralv1.CompleteReferralRequest{Outcome: outcome},
		cancel:      &referralv1.CancelReferralRequest{Reason: "muutti"},
		settle:      &referralv1.SettleReferralRequest{Reason: "hoidettu"},
		revoke:      &referralv1.RevokeReferralRequest{Reason: "väärä henkilö"},
		acknowledge: &referralv1.AcknowledgeRevocationRequest{},
	}
}
