package rules_test

import (
	"slices"
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

// base is the fixture without the helpers of this service.
type base = rulestest.Fixture[rules.Referral, rules.Facts]

// fixture is a few agencies whose workers act on referrals, without a store.
type fixture struct{ *base }

func newFixture() *fixture {
	return &fixture{rulestest.NewFixture(rulestest.Service[rules.Referral, rules.Facts]{
		Rules: referral.Rules(), Collection: rules.Collection, Decide: rules.Decide, Allowed: rules.Allowed,
		Facts: facts, Requests: requests,
	})}
}

var people = rulestest.People

// The kinds of referrals that the tests use.
const (
	service  = referralv1.ReferralKind_REFERRAL_KIND_SERVICE
	transfer = referralv1.ReferralKind_REFERRAL_KIND_APPLICATION_TRANSFER
	notice   = referralv1.ReferralKind_REFERRAL_KIND_DECISION_NOTICE
)

// send sends a referral and returns its name.
func (w *fixture) send(from, to string, kind referralv1.ReferralKind, urgency commonv1.Urgency) (string, error) {
	return w.sendWithin(nil, from, to, kind, urgency)
}

// sendWithin does the same on a row that limits the time to decide; nil for no row.
func (w *fixture) sendWithin(limit *matter.Limit, from, to string, kind referralv1.ReferralKind, urgency commonv1.Urgency) (string, error) {
	return w.Begin(rules.Command{
		Limit: limit,
		Actor: people[from], Client: "anna", Facts: rules.Facts{Receiver: &commonv1.Party{Agency: to, Unit: "intake"}, ToSocialServices: to == "hva"},
		Request: &referralv1.SendReferralRequest{
			Basis: rulestest.Consent(w.Now), Kind: kind, Reason: "Arvio.", ServiceKey: "arvio", Urgency: urgency,
			Receiver: &commonv1.Party{Agency: to}, Client: &commonv1.Client{Language: "fi"},
		},
	})
}

// sent returns a referral from kela to hva.
func sent(t *testing.T, kind referralv1.ReferralKind) (*fixture, string) {
	t.Helper()
	w := newFixture()
	subject, err := w.send("kela", "hva", kind, commonv1.Urgency_URGENCY_NORMAL)
	rulestest.Must(t, err)
	return w, subject
}

// facts returns the receiver that a redirect names.
func facts(request proto.Message) (known rules.Facts) {
	if redirect, ok := request.(*referralv1.RedirectReferralRequest); ok {
		known.Receiver = &commonv1.Party{Agency: redirect.GetReceiver().GetAgency(), Unit: "intake"}
		known.ToSocialServices = redirect.GetReceiver().GetAgency() == "hva"
	}
	return known
}

// take takes a step with its valid request, as the worker of an agency.
func (w *fixture) take(t *testing.T, agency, subject, step string) {
	t.Helper()
	w.Take(t, people[agency], subject, step)
}

func (w *fixture) try(agency, subject string, request proto.Message) error {
	return w.Try(people[agency], subject, request)
}

// onward returns the referral that one was redirected to.
func (w *fixture) onward(subject string) string { return w.Histories[subject].State.Onward.Subject }

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
	ask         = "RequestInformation"
	provide     = "ProvideInformation"
	add         = "AddInformation"
)

var allSteps = []string{
	receive, triage, accept, decline, redirect, reassign, schedule, result, note, contact, refuse, complete, cancel, settle, revoke, acknowledge,
	ask, provide, add,
}

// unanswered returns the last request without an answer; the zero one if there is none.
func unanswered(r rules.Referral) matter.Request {
	for _, one := range slices.Backward(r.Thread.Requests) {
		if !one.IsAnswered() {
			return one
		}
	}
	return matter.Request{}
}

// answered returns an answer to the last request without one, or the end of the actor's own.
func answered(actor matter.Actor, r rules.Referral) *referralv1.ProvideInformationRequest {
	asked := unanswered(r)
	if actor.Agency != "" && asked.From == matter.SideOf(matter.Event{By: actor.Party()}, r.Receiver) {
		return &referralv1.ProvideInformationRequest{InformationRequestId: asked.ID, Code: commonv1.AnswerCode_ANSWER_CODE_NO_LONGER_NEEDED}
	}
	return &referralv1.ProvideInformationRequest{InformationRequestId: asked.ID, Answer: "Eilen."}
}

// requests returns a valid request of each step; a redirect goes to the other.
func requests(w *base, subject string, other matter.Actor) map[string]proto.Message {
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
		ask:         &referralv1.RequestInformationRequest{Papers: []string{"lease"}},
		provide:     answered(w.Actor, state),
		add:         &referralv1.AddInformationRequest{Text: "Hakija muutti."},
		complete:    &referralv1.CompleteReferralRequest{Outcome: outcome},
		cancel:      &referralv1.CancelReferralRequest{Reason: "muutti"},
		settle:      &referralv1.SettleReferralRequest{Reason: "hoidettu"},
		revoke:      &referralv1.RevokeReferralRequest{Reason: "väärä henkilö"},
		acknowledge: &referralv1.AcknowledgeRevocationRequest{},
	}
}
