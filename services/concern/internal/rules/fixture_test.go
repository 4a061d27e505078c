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
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern"
	"koppi.internal/services/concern/internal/rules"
)

// base is the fixture without the helpers of this service.
type base = rulestest.Fixture[rules.Concern, rules.Facts]

// fixture is a few agencies whose workers act on concerns, without a store.
type fixture struct{ *base }

func newFixture() *fixture {
	return &fixture{rulestest.NewFixture(rulestest.Service[rules.Concern, rules.Facts]{
		Rules: concern.Rules(), Collection: rules.Collection, Decide: rules.Decide, Allowed: rules.Allowed,
		Facts: facts, Requests: requests,
	})}
}

// facts returns the receiver that a forward names.
func facts(request proto.Message) (known rules.Facts) {
	if forward, ok := request.(*concernv1.ForwardConcernRequest); ok {
		known.Receiver = &commonv1.Party{Agency: forward.GetReceiver().GetAgency(), Unit: "intake"}
		known.ToSocialServices = forward.GetReceiver().GetAgency() == "hva"
		known.Areas = areasOf(forward.GetReceiver().GetAgency())
	}
	return known
}

// areasOf returns the areas of an agency: the people of terveys read by unit.
func areasOf(agency string) map[string]string {
	if agency != "terveys" {
		return nil
	}
	return map[string]string{"intake": "asema", "paihde": "paihde"}
}

var people = rulestest.People

// consent returns the basis of a client's consent, to be helped and to feedback, with the terms of its
// row.
func consent(at time.Time) *commonv1.LegalBasis {
	basis := helped(at)
	basis.FeedbackConsentedAt = basis.GetConsentedAt()
	return basis
}

// helped returns the basis of a client's consent to be helped, and not to feedback.
func helped(at time.Time) *commonv1.LegalBasis {
	basis := rulestest.Consent(at)
	basis.Terms = &commonv1.GroundTerms{Content: commonv1.ContentProfile_CONTENT_PROFILE_WHOLE}
	return basis
}

// notification returns the basis of a report without consent by an agency that may name topics.
func notification() *commonv1.LegalBasis {
	return &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION, Provision: "1301/2014 § 35.2",
		Attestation: &commonv1.Attestation{ConsentUnobtainable: true, InterestOfChild: true},
		Terms:       &commonv1.GroundTerms{Content: commonv1.ContentProfile_CONTENT_PROFILE_TOPICS},
	}
}

// submit reports a concern and returns its name.
func (w *fixture) submit(reporter, receiver, client string, basis *commonv1.LegalBasis) (string, error) {
	return w.submitUrgent(reporter, receiver, client, basis, commonv1.Urgency_URGENCY_NORMAL)
}

// submitUrgent reports a concern of the given urgency. The client anna was born in 1948.
func (w *fixture) submitUrgent(reporter, receiver, client string, basis *commonv1.LegalBasis, urgency commonv1.Urgency) (string, error) {
	known := rules.Facts{Receiver: &commonv1.Party{Agency: receiver, Unit: "intake"}, ToSocialServices: receiver == "hva", Areas: areasOf(receiver)}
	if client == "anna" {
		known.Born = time.Date(1948, time.March, 15, 0, 0, 0, 0, time.UTC)
	}
	return w.Begin(rules.Command{
		Actor: people[reporter], Client: client, Request: &concernv1.SubmitConcernRequest{
			Basis: basis, Topics: []concernv1.Topic{concernv1.Topic_TOPIC_HOMELESSNESS}, Urgency: urgency,
			Receiver: &commonv1.Party{Agency: receiver}, Client: &commonv1.Client{Language: "fi"},
		},
		Facts: known,
	})
}

// step takes a step, as the worker of an agency.
func (w *fixture) step(agency, subject string, request proto.Message) error {
	return w.Try(people[agency], subject, request)
}

// take takes a step with its valid request.
func (w *fixture) take(t *testing.T, agency, subject, step string) {
	t.Helper()
	w.Take(t, people[agency], subject, step)
}

func must(t *testing.T, err error) { t.Helper(); rulestest.Must(t, err) }

// The steps, those of the receiver first.
const (
	receive     = "ReceiveConcern"
	triage      = "TriageConcern"
	take        = "TakeConcern"
	assess      = "StartAssessment"
	assessed    = "CompleteAssessment"
	ask         = "RequestInformation"
	closing     = "CloseConcern"
	forward     = "ForwardConcern"
	decline     = "DeclineConcern"
	withdraw    = "WithdrawConcern"
	settle      = "SettleConcern"
	revoke      = "RevokeConcern"
	acknowledge = "AcknowledgeRevocation"
	answer      = "RecordFeedbackConsent"
	contact     = "RecordContactAttempt"
	second      = "SetSecondWorker"
	schedule    = "ScheduleAppointment"
	attend      = "RecordAppointmentResult"
)

var allSteps = []string{
	receive, triage, take, "ReassignConcern", contact, schedule, attend, second, "PlanContact", ask, assess, assessed, closing, forward, decline,
	"ProvideInformation", "AddInformation", withdraw, settle, revoke, acknowledge, answer,
}

// private is what only the receiver, or the receiver and the client, may read.
const private = "vain vastaanottajalle"

// firstOpen returns the id of the first appointment without a result; empty if there is none.
func firstOpen(c rules.Concern) string {
	for _, one := range c.Appointments {
		if one.GetResult() == 0 {
			return one.GetAppointmentId()
		}
	}
	return ""
}

// unanswered returns the last request without an answer; the zero one if there is none.
func unanswered(c rules.Concern) matter.Request {
	for _, one := range slices.Backward(c.Thread.Requests) {
		if !one.IsAnswered() {
			return one
		}
	}
	return matter.Request{}
}

// answered returns an answer to the last request without one, or the end of the actor's own.
func answered(actor matter.Actor, c rules.Concern) *concernv1.ProvideInformationRequest {
	asked := unanswered(c)
	if actor.Agency != "" && asked.From == matter.SideOf(matter.Event{By: actor.Party()}, c.Receiver) {
		return &concernv1.ProvideInformationRequest{InformationRequestId: asked.ID, Code: commonv1.AnswerCode_ANSWER_CODE_NO_LONGER_NEEDED}
	}
	return &concernv1.ProvideInformationRequest{InformationRequestId: asked.ID, Answer: "Eilen."}
}

// requests returns a valid request of each step; a forward goes to the other.
func requests(w *base, subject string, other matter.Actor) map[string]proto.Message {
	state := w.Histories[subject].State
	return map[string]proto.Message{
		receive:              &concernv1.ReceiveConcernRequest{},
		triage:               &concernv1.TriageConcernRequest{Urgency: commonv1.Urgency_URGENCY_URGENT, Track: concernv1.Track_TRACK_SOCIAL_WORK, Reason: private},
		take:                 &concernv1.TakeConcernRequest{},
		"ReassignConcern":    &concernv1.ReassignConcernRequest{To: &commonv1.Party{Agency: state.Receiver.GetAgency(), Unit: "muu"}, Reason: "loma"},
		"PlanContact":        &concernv1.PlanContactRequest{At: timestamppb.New(w.Now.Add(time.Hour))},
		contact:              &concernv1.RecordContactAttemptRequest{Result: concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED, Note: private},
		schedule:             &concernv1.ScheduleAppointmentRequest{At: timestamppb.New(w.Now.Add(time.Hour)), Place: private},
		attend:               &concernv1.RecordAppointmentResultRequest{AppointmentId: firstOpen(state), Result: commonv1.AppointmentResult_APPOINTMENT_RESULT_MOVED},
		second:               &concernv1.SetSecondWorkerRequest{Worker: &commonv1.Party{Agency: state.Receiver.GetAgency(), Unit: "muu", Worker: "pari-1"}},
		ask:                  &concernv1.RequestInformationRequest{Question: "Milloin?"},
		assess:               &concernv1.StartAssessmentRequest{},
		assessed:             &concernv1.CompleteAssessmentRequest{SupportNeed: concernv1.SupportNeed_SUPPORT_NEED_LIGHT},
		closing:              &concernv1.CloseConcernRequest{Outcome: concernv1.Outcome_OUTCOME_GUIDED, Feedback: "ok", Note: private},
		forward:              &concernv1.ForwardConcernRequest{Receiver: &commonv1.Party{Agency: other.Agency}, Basis: consent(w.Now), Topics: []concernv1.Topic{concernv1.Topic_TOPIC_MENTAL_HEALTH}},
		decline:              &concernv1.DeclineConcernRequest{Reason: concernv1.DeclineReason_DECLINE_REASON_WRONG_AREA, Explanation: "muualle"},
		"ProvideInformation": answered(w.Actor, state),
		"AddInformation":     &concernv1.AddInformationRequest{Text: "Avain on naapurilla."},
		withdraw:             &concernv1.WithdrawConcernRequest{Reason: "erehdys"},
		settle:               &concernv1.SettleConcernRequest{Reason: "hoidettu"},
		revoke:               &concernv1.RevokeConcernRequest{Reason: "väärä henkilö"},
		acknowledge:          &concernv1.AcknowledgeRevocationRequest{},
		answer:               &concernv1.RecordFeedbackConsentRequest{Consented: true, ConsentedAt: timestamppb.New(w.Now.Add(-time.Minute))},
	}
}
