package people

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// watching is a stream of Watch.
type watching struct {
	t      *testing.T
	stream grpc.ServerStreamingClient[exchangev1.WatchResponse]
	told   map[string]bool
}

// watch opens a stream, which misses no change once it has answered.
func (w *world) watch(who context.Context) *watching {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(who, time.Minute)
	w.t.Cleanup(cancel)
	one := &watching{w.t, testkit.Must(exchangev1.NewExchangeServiceClient(w.conn).Watch(ctx, &exchangev1.WatchRequest{})), map[string]bool{}}
	if first := testkit.Must(one.stream.Recv()); first.GetHeartbeat() == nil {
		w.t.Fatalf("it begins with %v", first)
	}
	return one
}

// until reads until all subjects have come.
func (o *watching) until(subjects ...string) {
	o.t.Helper()
	for _, subject := range subjects {
		for !o.told[subject] {
			one, err := o.stream.Recv()
			if err != nil {
				o.t.Fatalf("%s has not come: %v", subject, err)
			}
			if one.GetChanged() != nil {
				o.told[one.GetChanged().GetSubject()] = true
			}
		}
	}
}

func (m matters) subjects() []string {
	return []string{
		"concerns/" + m.concern.GetConcernId(), "referrals/" + m.referral.GetReferralId(), "consultations/" + m.consultation.GetConsultationId(), "plans/" + m.plan.GetPlanId(),
	}
}

// A page of another unit learns of no change in a unit's matters, and a page of the unit learns of each.
func TestWatch(t *testing.T) {
	w := open(t)
	nurse, worker := w.As("nurse"), w.As("clinic")
	own := w.told(nurse, testkit.Health, testkit.ClientOf(bertta))
	outside, inside := w.watch(nurse), w.watch(w.As("clinic second"))
	to, from := w.told(worker, clinic, testkit.Anna()), w.tells(worker, testkit.Anna())
	// The changes of one service come in order: a later one of each says that no earlier one comes.
	testkit.Insist(t, nurse, w.concerns.RecordContactAttempt, &concernv1.RecordContactAttemptRequest{
		RequestId: id(), ConcernId: own.concern.GetConcernId(), Result: concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED,
	})
	testkit.Insist(t, nurse, w.referrals.AddProgressNote, &referralv1.AddProgressNoteRequest{RequestId: id(), ReferralId: own.referral.GetReferralId(), Text: "Käynti."})
	w.post(nurse, own)
	testkit.Insist(t, w.As("county"), w.plans.AddGoal, &planv1.AddGoalRequest{RequestId: id(), PlanId: own.plan.GetPlanId(), Text: "Oma koti", SetByClient: true})
	outside.until(own.subjects()...)
	inside.until(append(to.subjects(), from.subjects()...)...)
	if len(outside.told) != len(own.subjects()) {
		t.Errorf("another unit is told of %v, and may read %v", outside.told, own.subjects())
	}
	for _, subject := range own.subjects() {
		if inside.told[subject] {
			t.Errorf("the unit is told of %s", subject)
		}
	}
}

// A worker of another unit joins a conversation no more than one that does not exist, and the worker of the
// unit joins it.
func TestConverse(t *testing.T) {
	w := open(t)
	worker := w.As("clinic")
	m := w.told(worker, clinic, testkit.Anna())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	joined := func(who string, id, after string) (*consultationv1.ConverseResponse, error) {
		stream := testkit.Must(w.consultations.Converse(testkit.WithToken(t, w.Tokens[who])))
		context.AfterFunc(ctx, func() { _ = stream.CloseSend() })
		_ = stream.Send(&consultationv1.ConverseRequest{Kind: &consultationv1.ConverseRequest_Join_{Join: &consultationv1.ConverseRequest_Join{ConsultationId: id, AfterMessageId: after}}})
		return stream.Recv()
	}
	real, nothing := m.consultation.GetConsultationId(), id()
	message := m.consultation.GetMessages()[0].GetMessageId()
	_, none := joined("nurse", nothing, "")
	for name, after := range map[string]string{"from the beginning": "", "after a message": message, "after none": id()} {
		_, err := joined("nurse", real, after)
		if fault.ReasonOf(err) != fault.NotFound || !proto.Equal(status.Convert(err).Proto(), status.Convert(none).Proto()) {
			t.Errorf("%s: %v, and of none %v", name, err, none)
		}
	}
	if told, err := joined("clinic second", real, ""); err != nil || told.GetMessage() == nil {
		t.Errorf("the worker of the unit is told %v, %v", told, err)
	}
	if strings.Contains(status.Convert(none).String(), nothing) {
		t.Errorf("%v", none)
	}
}
