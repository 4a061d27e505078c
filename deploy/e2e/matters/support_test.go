package matters

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// A plan of a client who needs special support names a social worker to each member and to the client. A
// system acts with the profession of the worker on whose behalf it calls.
func TestSpecialSupport(t *testing.T) {
	t.Parallel()
	f := testkit.NewFixture(t)
	plans := planv1.NewPlanServiceClient(f.Conn())
	county, nurse, client := f.As("county"), f.As("nurse"), f.As("client")
	system := testkit.WithToken(t, f.Token(scenario.CastParty{Agency: "hva-pohjois-savo", Role: "system"}))
	onBehalf := func(worker string) context.Context {
		return metadata.AppendToOutgoingContext(system, identity.MetadataOnBehalfOf, worker)
	}
	worker, counsellor := onBehalf("ps-22;tyoikaiset-kuopio;social_worker"), onBehalf("ps-33;tyoikaiset-kuopio;social_counsellor")
	create := func(ctx context.Context) (*planv1.CreatePlanResponse, error) {
		return plans.CreatePlan(ctx, &planv1.CreatePlanRequest{
			RequestId: uuid.NewString(), Client: testkit.Anna(), Basis: testkit.Consented(), SpecialSupport: true,
		})
	}
	for name, ctx := range map[string]context.Context{"a nurse": nurse, "a system for a counsellor": counsellor} {
		if err := testkit.Refusal(create(ctx)); fault.ReasonOf(err) != fault.ProfessionNotAllowed {
			t.Errorf("created by %s: %v", name, err)
		}
	}
	created := testkit.Must(create(county)).GetPlan()
	id := created.GetPlanId()
	expect := func(plan *planv1.Plan, worker string) {
		t.Helper()
		want := &commonv1.Party{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: worker}
		if worker == "" {
			want = nil
		}
		if plan.GetSpecialSupport() != (worker != "") || !proto.Equal(plan.GetSocialWorker(), want) {
			t.Errorf("read: %v, %v; want %q", plan.GetSpecialSupport(), plan.GetSocialWorker(), worker)
		}
	}
	read := func(ctx context.Context) *planv1.Plan {
		return testkit.Insist(t, ctx, plans.GetPlan, &planv1.GetPlanRequest{PlanId: id}).GetPlan()
	}
	record := func(ctx context.Context, special bool) (*planv1.RecordSpecialSupportResponse, error) {
		return plans.RecordSpecialSupport(ctx, &planv1.RecordSpecialSupportRequest{RequestId: uuid.NewString(), PlanId: id, SpecialSupport: special})
	}
	expect(created, "ps-21")
	testkit.Insist(t, county, plans.InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: id, Party: testkit.Health, Basis: testkit.Consented()})
	expect(read(nurse), "ps-21")
	if err := testkit.Refusal(record(nurse, true)); fault.ReasonOf(err) != fault.NotAMember {
		t.Errorf("recorded by an invited unit: %v", err)
	}
	testkit.Insist(t, nurse, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: id})
	for name, ctx := range map[string]context.Context{"a nurse": nurse, "a system for a counsellor": counsellor} {
		if err := testkit.Refusal(record(ctx, false)); fault.ReasonOf(err) != fault.ProfessionNotAllowed {
			t.Errorf("recorded by %s: %v", name, err)
		}
	}
	if err := testkit.Refusal(record(system, true)); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("recorded by a system alone: %v", err)
	}
	expect(testkit.Must(record(worker, true)).GetPlan(), "ps-22")
	expect(read(nurse), "ps-22")
	expect(read(client), "ps-22")
	expect(testkit.Must(record(county, false)).GetPlan(), "")
	expect(read(nurse), "")
	expect(read(client), "")
}
