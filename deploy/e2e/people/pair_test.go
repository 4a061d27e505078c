package people

import (
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// A second worker of another area reads the matter while the pair lasts, and nobody else of the worker's unit does;
// nor does a unit to which the client is guided.
func TestPairOpensTheMatterToOneWorker(t *testing.T) {
	f := testkit.NewFixture(t)
	concerns := concernv1.NewConcernServiceClient(f.Conn())
	as := func(worker string) string {
		return f.Token(scenario.CastParty{Agency: clinic.GetAgency(), Unit: clinic.GetUnit(), Worker: worker, Role: "health_professional"})
	}
	second, other := testkit.WithToken(t, as("pp-07")), testkit.WithToken(t, as("pp-08"))
	r := testkit.Submission()
	r.Receiver = testkit.Health
	id := testkit.Insist(t, f.As("kela"), concerns.SubmitConcern, r).GetConcern().GetConcernId()
	reads := func(moment string, want map[string]codes.Code) {
		t.Helper()
		for name, ctx := range map[string]struct{ got error }{
			"second": {testkit.Refusal(concerns.GetConcern(second, &concernv1.GetConcernRequest{ConcernId: id}))},
			"other":  {testkit.Refusal(concerns.GetConcern(other, &concernv1.GetConcernRequest{ConcernId: id}))},
		} {
			if status.Code(ctx.got) != want[name] {
				t.Errorf("%s: the %s worker of the clinic reads it: %v, want %s", moment, name, ctx.got, want[name])
			}
		}
	}
	nobody := map[string]codes.Code{"second": codes.NotFound, "other": codes.NotFound}
	nurse := f.As("nurse")
	testkit.Insist(t, nurse, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
	testkit.Insist(t, nurse, concerns.RecordContactAttempt, &concernv1.RecordContactAttemptRequest{
		RequestId: uuid.NewString(), ConcernId: id, Result: concernv1.ContactResult_CONTACT_RESULT_REACHED,
		GuidedTo: []*concernv1.Guidance{{To: &concernv1.Guidance_Party{Party: clinic}, What: "Sovi arviokäynti."}},
	})
	reads("after guidance to the clinic", nobody)
	pair := &concernv1.SetSecondWorkerRequest{RequestId: uuid.NewString(), ConcernId: id, Worker: &commonv1.Party{Agency: clinic.GetAgency(), Unit: clinic.GetUnit(), Worker: "pp-07"}}
	testkit.Insist(t, nurse, concerns.SetSecondWorker, pair)
	reads("in the pair", map[string]codes.Code{"second": codes.OK, "other": codes.NotFound})
	testkit.Insist(t, nurse, concerns.SetSecondWorker, &concernv1.SetSecondWorkerRequest{RequestId: uuid.NewString(), ConcernId: id})
	reads("after the pair", nobody)
}
