package consent

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// eventNames are what a mailbox holds of a subject, in order; "-" is a tombstone.
func eventNames(messages []*exchangev1.CaseMessage, subject string) []string {
	var names []string
	for _, message := range messages {
		switch {
		case message.GetSubject() != subject:
		case message.GetEvent() == nil:
			names = append(names, "-")
		default:
			names = append(names, string(message.GetEvent().MessageName().Name()))
		}
	}
	return names
}

func withdrawal(subject string) *consentv1.WithdrawConsentRequest {
	return &consentv1.WithdrawConsentRequest{RequestId: uuid.NewString(), Subject: subject}
}

// A client withdraws consent during a concern. What the reporter was told because of the consent is
// removed, read or not, and from then on the reporter is told only what it may know without
// consent. The receiver keeps everything. Both acknowledge the withdrawal.
func TestConsentWithdrawnInAConcern(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	concerns, consents := concernv1.NewConcernServiceClient(conn), consentv1.NewConsentServiceClient(conn)
	kela, county, client, system := f.As("kela"), f.As("county"), f.As("client"), f.As("system")
	countySystem := testkit.WithToken(t, f.Token(testkit.SystemOf("hva-pohjois-savo")))
	r := testkit.Submission()
	r.Client = testkit.Anna()
	concern := testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern()
	subject := "concerns/" + concern.GetConcernId()
	testkit.Insist(t, county, concerns.TriageConcern, &concernv1.TriageConcernRequest{RequestId: receiveFirst(t, county, concerns, concern), ConcernId: concern.GetConcernId(), Urgency: commonv1.Urgency_URGENCY_URGENT})
	testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId()})
	testkit.Insist(t, county, concerns.StartAssessment, &concernv1.StartAssessmentRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId()})
	if shown := testkit.Must(concerns.GetConcern(kela, &concernv1.GetConcernRequest{ConcernId: concern.GetConcernId()})).GetConcern(); shown.GetState() != concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT {
		t.Fatalf("with consent the reporter is shown %s", shown.GetState())
	}

	given := testkit.Must(consents.ListConsents(client, &consentv1.ListConsentsRequest{})).GetConsents()
	if len(given) != 1 || given[0].GetSubject() != subject || given[0].GetWithdrawal() != nil || !slices.Equal(given[0].GetRecipients(), []string{"hva-pohjois-savo", "kela"}) {
		t.Fatalf("the client reads %v", given)
	}
	withdraw := withdrawal(subject)
	for range 2 { // the same request again changes nothing
		gone := testkit.Insist(t, client, consents.WithdrawConsent, withdraw).GetConsent()
		if gone.GetWithdrawal() == nil || !gone.GetWithdrawal().GetByClient() || len(gone.GetWithdrawal().GetHolders()) != 2 {
			t.Fatalf("%v", gone)
		}
	}
	if names := eventNames(testkit.Mailbox(t, system, conn), subject); !slices.Equal(names, []string{"-", "-", "-", "-", "-", "ConsentWithdrawn"}) {
		t.Errorf("the reporter's mailbox holds %v", names)
	}
	testkit.Insist(t, county, concerns.CompleteAssessment, &concernv1.CompleteAssessmentRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId(), SupportNeed: concernv1.SupportNeed_SUPPORT_NEED_LIGHT})
	testkit.Insist(t, county, concerns.CloseConcern, &concernv1.CloseConcernRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId(), Outcome: concernv1.Outcome_OUTCOME_SERVICE_STARTED, Feedback: "Alkoi."})
	mailbox := testkit.Mailbox(t, system, conn)
	if names := eventNames(mailbox, subject); !slices.Equal(names[6:], []string{"ConcernClosed"}) {
		t.Errorf("then it was told %v", names)
	}
	closed := &concernv1.ConcernClosed{}
	if err := mailbox[len(mailbox)-1].GetEvent().UnmarshalTo(closed); err != nil || closed.GetOutcome() != 0 || closed.GetFeedback() != "" || mailbox[len(mailbox)-1].GetFrom().GetWorker() != "" {
		t.Errorf("%v %v", closed, err)
	}
	shown := testkit.Must(concerns.GetConcern(kela, &concernv1.GetConcernRequest{ConcernId: concern.GetConcernId()})).GetConcern()
	if shown.GetState() != concernv1.ConcernState_CONCERN_STATE_CLOSED || shown.GetOutcome() != 0 || shown.GetTriagedUrgency() != 0 {
		t.Errorf("the reporter reads %v", shown)
	}
	if names := eventNames(testkit.Mailbox(t, countySystem, conn), subject); slices.Contains(names, "-") || names[len(names)-1] != "ConcernClosed" {
		t.Errorf("the receiver's mailbox holds %v", names)
	}

	for _, holder := range []context.Context{system, county} {
		testkit.Insist(t, holder, consents.AcknowledgeWithdrawal, &consentv1.AcknowledgeWithdrawalRequest{RequestId: uuid.NewString(), Subject: subject})
	}
	if _, err := consents.AcknowledgeWithdrawal(county, &consentv1.AcknowledgeWithdrawalRequest{RequestId: uuid.NewString(), Subject: subject}); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("acknowledged twice: %v", err)
	}

	// Nor does the repetition of an old request tell again what was told on it.
	if again, err := concerns.SubmitConcern(kela, r); fault.ReasonOf(err) != fault.IllegalStep || again.GetConcern() != nil {
		t.Errorf("an old request answers %v, %v", again, err)
	}

	// It is to be asked for anew.
	again := testkit.Submission()
	again.Client = testkit.Anna()
	if _, err := concerns.SubmitConcern(kela, again); fault.ReasonOf(err) != fault.ConsentWithdrawn {
		t.Errorf("on the consent from before: %v", err)
	}
	again.Basis.ConsentedAt = timestamppb.New(time.Now().Add(time.Second))
	if _, err := f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"by":"60s"}`); err != nil {
		t.Fatal(err)
	}
	anew := testkit.Insist(t, kela, concerns.SubmitConcern, again).GetConcern()
	for name, one := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"twice":          {testkit.Refusal(consents.WithdrawConsent(client, withdrawal(subject))), fault.IllegalStep},
		"of a stranger":  {testkit.Refusal(consents.WithdrawConsent(f.As("nurse"), withdrawal("concerns/"+anew.GetConcernId()))), fault.NotFound},
		"by an operator": {testkit.Refusal(consents.WithdrawConsent(f.As("operator"), withdrawal("concerns/"+anew.GetConcernId()))), fault.RoleNotAllowed},
		"of nothing":     {testkit.Refusal(consents.WithdrawConsent(client, withdrawal("concerns/"+uuid.NewString()))), fault.NotFound},
		"of a service":   {testkit.Refusal(consents.WithdrawConsent(client, withdrawal("wishes/"+uuid.NewString()))), fault.InvalidField},
		"listed for all": {testkit.Refusal(consents.ListConsents(county, &consentv1.ListConsentsRequest{})), fault.InvalidField},
	} {
		if fault.ReasonOf(one.err) != one.want {
			t.Errorf("%s: %v", name, one.err)
		}
	}
	listed := testkit.Must(consents.ListConsents(county, &consentv1.ListConsentsRequest{ClientId: testkit.Must(concerns.GetConcern(county, &concernv1.GetConcernRequest{ConcernId: anew.GetConcernId()})).GetConcern().GetClientId(), Purpose: "Tarkistus."})).GetConsents()
	if len(listed) != 2 || listed[0].GetSubject() != "concerns/"+anew.GetConcernId() || listed[1].GetWithdrawal() == nil {
		t.Errorf("the county reads %v", listed)
	}
}

// receiveFirst receives a concern, and returns an id for the next request.
func receiveFirst(t *testing.T, ctx context.Context, concerns concernv1.ConcernServiceClient, concern *concernv1.Concern) string {
	t.Helper()
	testkit.Insist(t, ctx, concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId()})
	return uuid.NewString()
}

// A referral, a consultation and a plan end when the consent on which they rest is withdrawn:
// nobody can read them any more, including unread messages and attachments, and it shows who has
// not acknowledged in time.
func TestConsentWithdrawnEndsTheRest(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	f.BeginMatters(conn)
	consents := consentv1.NewConsentServiceClient(conn)
	referrals, consultations, plans := referralv1.NewReferralServiceClient(conn), consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn)
	client, county, nurse := f.As("client"), f.As("county"), f.As("nurse")
	health := testkit.WithToken(t, f.Token(testkit.SystemOf("terveys-pohjois-savo")))
	for _, given := range testkit.Must(consents.ListConsents(client, &consentv1.ListConsentsRequest{})).GetConsents() {
		subject := given.GetSubject()
		testkit.Insist(t, county, consents.WithdrawConsent, withdrawal(subject))
		id := subject[len(given.GetService())+2:]
		switch given.GetService() {
		case "referral":
			shown := testkit.Must(referrals.GetReferral(nurse, &referralv1.GetReferralRequest{ReferralId: id})).GetReferral()
			if shown.GetStatus().GetPhase() != commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN || shown.GetReason() != "" || shown.GetClientId() != "" || shown.GetReferralId() != id {
				t.Errorf("%v", shown)
			}
			if _, err := referrals.AddProgressNote(nurse, &referralv1.AddProgressNoteRequest{RequestId: uuid.NewString(), ReferralId: id, Text: "Käynti."}); fault.ReasonOf(err) != fault.IllegalStep {
				t.Errorf("it went on: %v", err)
			}
			if names := eventNames(testkit.Mailbox(t, health, conn), subject); !slices.Equal(names, []string{"-", "-", "ConsentWithdrawn"}) {
				t.Errorf("%v", names)
			}
		case "consultation":
			shown := testkit.Must(consultations.GetConsultation(nurse, &consultationv1.GetConsultationRequest{ConsultationId: id})).GetConsultation()
			if len(shown.GetMessages()) != 0 || shown.GetTopic() != "" || shown.GetStatus().GetPhase() != commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN {
				t.Errorf("%v", shown)
			}
		case "plan":
			if shown := testkit.Must(plans.GetPlan(county, &planv1.GetPlanRequest{PlanId: id})).GetPlan(); shown.GetState() != planv1.PlanState_PLAN_STATE_ENDED || shown.GetResponsible() != nil {
				t.Errorf("%v", shown)
			}
		}
	}
	timeline := testkit.Must(caseworkv1.NewCaseworkServiceClient(conn).GetTimeline(client, &caseworkv1.GetTimelineRequest{})).GetMessages()
	if len(timeline) == 0 {
		t.Error("the person's own timeline is gone")
	}
	if _, err := f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"by":"864000s"}`); err != nil {
		t.Fatal(err)
	}
	for _, given := range testkit.Must(consents.ListConsents(client, &consentv1.ListConsentsRequest{})).GetConsents() {
		gone := given.GetWithdrawal()
		// Who recorded it need not be told.
		late := slices.ContainsFunc(gone.GetHolders(), func(h *consentv1.Withdrawal_Holder) bool { return h.GetAgency() != "hva-pohjois-savo" })
		if gone == nil || gone.GetByClient() || gone.GetOverdue() != late || slices.ContainsFunc(gone.GetHolders(), func(h *consentv1.Withdrawal_Holder) bool { return h.GetAgency() == "hva-pohjois-savo" }) {
			t.Errorf("%v", given)
		}
	}
}
