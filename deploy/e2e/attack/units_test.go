package attack

import (
	"bytes"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// A worker of another unit reads the matters to which its agency is a party, and the client sees
// that this worker did. The worker cannot take a question that was addressed to another unit, act
// for another unit's membership, or end what another worker has taken. A system names only units
// and workers of its own agency, and a worker can name nobody.
func TestAnotherUnit(t *testing.T) {
	// Where people read by unit, another unit knows nothing of it: see deploy/e2e/people.
	whole := bytes.ReplaceAll(config.Directory, []byte(`"reading": "UNIT"`), []byte(`"reading": "AGENCY"`))
	f := testkit.NewFixtureWith(t, allinone.Config{Directory: testkit.Must(directory.Parse(whole))})
	conn := f.Conn()
	f.Tokens["other unit"] = f.Token(scenario.CastParty{Agency: "terveys-pohjois-savo", Unit: "paihdepalvelut", Worker: "pp-07", Role: "health_professional"})
	f.Tokens["no unit"] = f.Token(scenario.CastParty{Agency: "terveys-pohjois-savo", Worker: "pp-07", Role: "health_professional"})
	county, nurse, other := f.As("county"), f.As("nurse"), f.As("other unit")
	consultations, plans := consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn)
	client := testkit.Anna()
	asked := testkit.Question()
	asked.Client, asked.Basis = client, testkit.Consented()
	id := testkit.Insist(t, county, consultations.OpenConsultation, asked).GetConsultation().GetConsultationId()
	take := func() *consultationv1.TakeConsultationRequest {
		return &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id}
	}
	for _, who := range []string{"other unit", "no unit"} {
		if _, err := consultations.TakeConsultation(f.As(who), take()); fault.ReasonOf(err) != fault.RoleNotAllowed {
			t.Errorf("%s takes what another unit was asked: %v", who, err)
		}
		if _, err := consultations.PostMessage(f.As(who), &consultationv1.PostMessageRequest{RequestId: uuid.NewString(), ConsultationId: id, Text: "Voi.", Answers: true}); err == nil {
			t.Errorf("%s answers what nobody has taken", who)
		}
	}
	seen := testkit.Insist(t, other, consultations.GetConsultation, &consultationv1.GetConsultationRequest{ConsultationId: id}).GetConsultation()
	if seen.GetTakenBy() != nil {
		t.Errorf("it is taken by %v", seen.GetTakenBy())
	}
	for _, step := range seen.GetAvailableActions() {
		if step == "TakeConsultation" {
			t.Error("another unit is offered to take it")
		}
	}
	testkit.Insist(t, nurse, consultations.TakeConsultation, take())
	testkit.Insist(t, nurse, consultations.PostMessage, &consultationv1.PostMessageRequest{RequestId: uuid.NewString(), ConsultationId: id, Text: "Voi.", Answers: true})
	if _, err := consultations.CloseConsultation(other, &consultationv1.CloseConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id}); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("another unit ends what it has not taken: %v", err)
	}

	plan := testkit.Insist(t, county, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: client, Basis: testkit.Consented()}).GetPlan().GetPlanId()
	testkit.Insist(t, county, plans.InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: plan, Party: testkit.Health, Basis: testkit.Consented()})
	if _, err := plans.JoinPlan(other, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: plan}); err == nil {
		t.Error("another unit says yes for the one invited")
	}
	testkit.Insist(t, nurse, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: plan})
	if _, err := plans.AddGoal(other, &planv1.AddGoalRequest{RequestId: uuid.NewString(), PlanId: plan, Text: "Uni."}); err == nil {
		t.Error("another unit adds to a plan that it is no member of")
	}

	f.Tokens["health system"] = f.Token(scenario.CastParty{Agency: "terveys-pohjois-savo", Role: "system"})
	for _, one := range []struct {
		who, named string
		reason     fault.Reason
	}{
		{"health system", "tk-02;terveysasema-kuopio;health_professional", ""},
		{"health system", "tk-02;tyoikaiset-kuopio;health_professional", fault.UnknownParty},
		{"health system", "tk-02;terveysasema-kuopio;operator", fault.InvalidField},
		{"nurse", "pp-07;paihdepalvelut;health_professional", fault.RoleNotAllowed},
	} {
		ctx := metadata.AppendToOutgoingContext(f.As(one.who), identity.MetadataOnBehalfOf, one.named)
		if _, err := plans.GetPlan(ctx, &planv1.GetPlanRequest{PlanId: plan}); fault.ReasonOf(err) != one.reason {
			t.Errorf("%s acts as %s: %v", one.who, one.named, err)
		}
	}
}
