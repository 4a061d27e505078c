package rules_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/decide/decidetest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern"
	"koppi.internal/services/concern/internal/rules"
)

// town is a handful of agencies whose people act on concerns, with no store.
type town struct {
	*decidetest.Journal[rules.Concern]
	now time.Time
	ids int
}

func newTown() *town {
	return &town{
		Journal: decidetest.New(concern.Rules()),
		now:     time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC),
	}
}

// people are who acts, by agency.
var people = map[string]loop.Actor{
	"kela":    {Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: "benefit_handler"},
	"hva":     {Agency: "hva", Unit: "tyoikaiset", Worker: "ps-21", Role: "social_worker"},
	"terveys": {Agency: "terveys", Unit: "asema", Worker: "tk-02", Role: "health_professional"},
	"tyo":     {Agency: "tyo", Unit: "palvelut", Worker: "ty-09", Role: "employment_officer"},
}

func consent(at time.Time) *commonv1.LegalBasis {
	return &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1", ConsentedAt: stamp(at.Add(-time.Minute)),
	}
}

func notification() *commonv1.LegalBasis {
	return &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION, Provision: "1301/2014 § 35.2",
		Attestation: &commonv1.Attestation{ConsentUnobtainable: true, InterestOfChild: true},
	}
}

func (w *town) id() string {
	w.ids++
	return fmt.Sprintf("id-%04d", w.ids)
}

// submit reports a concern and returns its subject.
func (w *town) submit(reporter, receiver, client string, basis *commonv1.LegalBasis) (string, error) {
	subject := rules.Collection + w.id()
	return subject, w.do(rules.Command{
		Actor: people[reporter], Subject: subject, Request: &concernv1.SubmitConcernRequest{
			Basis: basis, Topics: []concernv1.Topic{concernv1.Topic_TOPIC_HOMELESSNESS}, Urgency: commonv1.Urgency_URGENCY_NORMAL,
			Receiver: &commonv1.Party{Agency: receiver}, Client: &commonv1.Client{Language: "fi"},
		},
		Facts: rules.Facts{Client: client, Case: "case-" + subject, Receiver: &commonv1.Party{Agency: receiver, Unit: "intake"}},
	})
}

// step takes one step; a forward goes where its request says.
func (w *town) step(agency, subject string, request proto.Message) error {
	command := rules.Command{Actor: people[agency], Subject: subject, Request: request, Facts: rules.Facts{NewID: w.id()}}
	if forward, ok := request.(*concernv1.ForwardConcernRequest); ok {
		command.Facts.Receiver = &commonv1.Party{Agency: forward.GetReceiver().GetAgency(), Unit: "intake"}
	}
	return w.do(command)
}

func (w *town) do(command rules.Command) error {
	command.At = w.now
	if _, related := w.Histories[command.Subject].Views[command.Actor.Agency]; !related {
		if _, submits := command.Request.(*concernv1.SubmitConcernRequest); !submits {
			return fault.New(fault.NotFound, "not related")
		}
	}
	events, err := rules.Decide(w.World(), command)
	if err != nil {
		return err
	}
	if err := w.Append(events); err != nil {
		panic(err)
	}
	return nil
}

// pass lets time pass and tells what fell due.
func (w *town) pass(by time.Duration) {
	w.now = w.now.Add(by)
	for subject := range w.Histories {
		if err := w.Append(rules.Overdue(w.Histories[subject], w.now)); err != nil {
			panic(err)
		}
	}
}

// must fails the test where a step is refused.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *town) view(agency, subject string) loop.View[rules.Concern] {
	return w.Histories[subject].Views[agency]
}

// requests makes a passable request of each step.
func requests(w *town, subject string, third string) map[rules.Step]proto.Message {
	open := w.Histories[subject].State.Open
	return map[rules.Step]proto.Message{
		rules.Receive:              &concernv1.ReceiveConcernRequest{},
		rules.Triage:               &concernv1.TriageConcernRequest{Urgency: commonv1.Urgency_URGENCY_URGENT, Track: concernv1.Track_TRACK_SOCIAL_WORK},
		rules.Take:                 &concernv1.TakeConcernRequest{},
		rules.Reassign:             &concernv1.ReassignConcernRequest{To: &commonv1.Party{Agency: w.Histories[subject].State.Receiver.GetAgency(), Unit: "muu"}, Reason: "loma"},
		rules.RecordContactAttempt: &concernv1.RecordContactAttemptRequest{Result: concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED},
		rules.RequestInformation:   &concernv1.RequestInformationRequest{Question: "Milloin?"},
		rules.StartAssessment:      &concernv1.StartAssessmentRequest{},
		rules.CompleteAssessment:   &concernv1.CompleteAssessmentRequest{SupportNeed: concernv1.SupportNeed_SUPPORT_NEED_LIGHT},
		rules.Close:                &concernv1.CloseConcernRequest{Outcome: concernv1.Outcome_OUTCOME_GUIDED, Feedback: "ok"},
		rules.ForwardOn:            &concernv1.ForwardConcernRequest{Receiver: &commonv1.Party{Agency: third}, Basis: consent(w.now), Topics: []concernv1.Topic{concernv1.Topic_TOPIC_MENTAL_HEALTH}},
		rules.Decline:              &concernv1.DeclineConcernRequest{Reason: concernv1.DeclineReason_DECLINE_REASON_WRONG_AREA, Explanation: "muualle"},
		rules.ProvideInformation:   &concernv1.ProvideInformationRequest{InformationRequestId: open, Answer: "Eilen."},
		rules.Withdraw:             &concernv1.WithdrawConcernRequest{Reason: "erehdys"},
		rules.Settle:               &concernv1.SettleConcernRequest{Reason: "hoidettu"},
	}
}
