package consent

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// The client says, and may say anew, whether the reporter hears how its concern goes on. It counts as
// the client's own answer, once for each request. For another person the concern does not exist.
func TestTheClientAnswersOnHearingBack(t *testing.T) {
	f := testkit.NewFixture(t)
	concerns := concernv1.NewConcernServiceClient(f.Conn())
	kela, county, client := f.As("kela"), f.As("county"), f.As("client")
	report := testkit.Submission()
	report.Client, report.Receiver = testkit.Anna(), testkit.County
	report.Basis = &commonv1.LegalBasis{GroundKey: "shl-35-1", ConsentedAt: timestamppb.New(time.Now().Add(-time.Hour))}
	id := testkit.Must(concerns.SubmitConcern(kela, report)).GetConcern().GetConcernId()
	answer := func(consented bool) *concernv1.RecordFeedbackConsentRequest {
		r := &concernv1.RecordFeedbackConsentRequest{RequestId: uuid.NewString(), ConcernId: id, Consented: consented}
		if consented {
			r.ConsentedAt = timestamppb.New(time.Now().Add(-time.Minute))
		}
		return r
	}
	heard := func() commonv1.LoopPhase {
		return testkit.Must(concerns.GetConcern(kela, &concernv1.GetConcernRequest{ConcernId: id})).GetConcern().GetStatus().GetPhase()
	}

	if err := testkit.Refusal(concerns.RecordFeedbackConsent(client, answer(true))); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("before the receipt: %v", err)
	}
	testkit.Must(concerns.TakeConcern(county, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}))
	stranger := testkit.WithToken(t, f.Token(scenario.CastParty{Role: "client", PersonalIdentityCode: "140391-9021"}))
	if err := testkit.Refusal(concerns.RecordFeedbackConsent(stranger, answer(true))); status.Code(err) != codes.NotFound {
		t.Errorf("a stranger: %v", err)
	}
	ahead := answer(true)
	ahead.ConsentedAt = timestamppb.New(time.Now().Add(time.Hour))
	if err := testkit.Refusal(concerns.RecordFeedbackConsent(client, ahead)); fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("a time ahead: %v", err)
	}
	if phase := heard(); phase != commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS {
		t.Errorf("the reporter hears without consent: %v", phase)
	}

	yes := answer(true)
	for range 2 { // the repetition has no second effect
		told := testkit.Must(concerns.RecordFeedbackConsent(client, yes)).GetConcern()
		if got := told.GetFeedbackConsentedAt(); !got.AsTime().Equal(yes.GetConsentedAt().AsTime()) {
			t.Errorf("the client reads its consent of %v as of %v", yes.GetConsentedAt().AsTime(), got.AsTime())
		}
	}
	if phase := heard(); phase != commonv1.LoopPhase_LOOP_PHASE_TAKEN {
		t.Errorf("the reporter does not hear with consent: %v", phase)
	}
	recorded := 0
	system := testkit.WithToken(t, f.Token(testkit.SystemOf("hva-pohjois-savo")))
	for _, message := range testkit.Mailbox(t, system, f.Conn()) {
		event := &concernv1.FeedbackConsentRecorded{}
		if !message.GetEvent().MessageIs(event) {
			continue
		}
		recorded++
		if err := message.GetEvent().UnmarshalTo(event); err != nil || !event.GetByClient() || message.GetFrom() != nil {
			t.Errorf("the receiver reads %v of %v: %v", event, message.GetFrom(), err)
		}
	}
	if recorded != 1 {
		t.Errorf("recorded %d times", recorded)
	}

	testkit.Must(concerns.RecordFeedbackConsent(client, answer(false)))
	testkit.Must(concerns.StartAssessment(county, &concernv1.StartAssessmentRequest{RequestId: uuid.NewString(), ConcernId: id}))
	if state := testkit.Must(concerns.GetConcern(kela, &concernv1.GetConcernRequest{ConcernId: id})).GetConcern().GetState(); state != concernv1.ConcernState_CONCERN_STATE_TAKEN {
		t.Errorf("the reporter hears after the client said no: %v", state)
	}
}
