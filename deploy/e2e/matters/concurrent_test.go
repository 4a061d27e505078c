package matters

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// atOnce makes calls at the same moment and returns how they ended.
func atOnce(calls ...func() error) []error {
	ready, results := make(chan struct{}), make([]error, len(calls))
	var group sync.WaitGroup
	for i, call := range calls {
		group.Go(func() {
			<-ready
			results[i] = call()
		})
	}
	close(ready)
	group.Wait()
	return results
}

// rounds is how often two do the same at once.
func rounds() int { return testkit.Times("SOAK_ROUNDS", 12) }

// Two workers take one consultation at the same moment through two replicas, again and again:
// exactly one succeeds, and the other is told who has taken it.
func TestTwoTakeOneConsultation(t *testing.T) {
	t.Parallel()
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 2, []string{"consultation"})
	gateway := testkit.Dial(t, c.Gateways[0].Address)
	var services []consultationv1.ConsultationServiceClient
	for _, replica := range c.Services["consultation"] {
		services = append(services, consultationv1.NewConsultationServiceClient(c.Replica(t, replica)))
	}
	asker := testkit.As(t, gateway, testkit.County, "ps-21", "social_worker")
	workers := []context.Context{testkit.As(t, gateway, testkit.Health, "tk-02", "health_professional"), testkit.As(t, gateway, testkit.Health, "tk-03", "health_professional")}
	for round := range rounds() {
		id := testkit.Insist(t, asker, services[round%2].OpenConsultation, testkit.Question()).GetConsultation().GetConsultationId()
		var takes []func() error
		for i, worker := range workers {
			takes = append(takes, func() error {
				_, err := services[i].TakeConsultation(worker, &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})
				return err
			})
		}
		won, refused := 0, 0
		for _, err := range atOnce(takes...) {
			switch {
			case err == nil:
				won++
			case fault.ReasonOf(err) == fault.IllegalStep && fault.MetadataOf(err)["taken_by_worker"] != "":
				refused++
			default:
				t.Fatalf("round %d: %v", round, err)
			}
		}
		if won != 1 || refused != 1 {
			t.Fatalf("round %d: %d have taken it, and %d were told who has", round, won, refused)
		}
	}
}

// Two members change two goals of one plan at the same moment through two replicas, a thousand
// times, without a conflict or a loss.
func TestLongTwoEditTwoGoals(t *testing.T) {
	t.Parallel()
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 2, []string{"plan"})
	gateway := testkit.Dial(t, c.Gateways[0].Address)
	var services []planv1.PlanServiceClient
	for _, replica := range c.Services["plan"] {
		services = append(services, planv1.NewPlanServiceClient(c.Replica(t, replica)))
	}
	members := []context.Context{testkit.As(t, gateway, testkit.County, "ps-21", "social_worker"), testkit.As(t, gateway, testkit.Health, "tk-02", "health_professional")}
	// A plan's history is folded anew each time: so many rounds on a few plans.
	const plans = 20
	for range plans {
		id := testkit.Insist(t, members[0], services[0].CreatePlan, &planv1.CreatePlanRequest{
			RequestId: uuid.NewString(), Client: &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen"}}, Basis: testkit.Consented(),
		}).GetPlan().GetPlanId()
		testkit.Insist(t, members[0], services[0].InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: id, Party: testkit.Health, Basis: testkit.Consented()})
		testkit.Insist(t, members[1], services[1].JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: id})
		for i, member := range members {
			testkit.Insist(t, member, services[i].AddGoal, &planv1.AddGoalRequest{RequestId: uuid.NewString(), PlanId: id, Text: "Tavoite", SetByClient: true})
		}
		goals := testkit.Insist(t, members[0], services[0].GetPlan, &planv1.GetPlanRequest{PlanId: id}).GetPlan().GetGoals()
		for round := range rounds() / plans {
			var edits []func() error
			for i, member := range members {
				edits = append(edits, func() error {
					response, err := services[i].UpdateGoal(member, &planv1.UpdateGoalRequest{
						RequestId: uuid.NewString(), PlanId: id, GoalId: goals[i].GetGoalId(), Etag: goals[i].GetEtag(), Text: fmt.Sprintf("%d: %d", i, round),
					})
					if err == nil {
						goals[i] = response.GetPlan().GetGoals()[i]
					}
					return err
				})
			}
			for i, err := range atOnce(edits...) {
				if err != nil {
					t.Fatalf("round %d, member %d: %v", round, i, err)
				}
			}
			for i, goal := range testkit.Insist(t, members[1], services[0].GetPlan, &planv1.GetPlanRequest{PlanId: id}).GetPlan().GetGoals() {
				if goal.GetText() != fmt.Sprintf("%d: %d", i, round) || goal.GetEtag() != goals[i].GetEtag() {
					t.Fatalf("round %d: goal %d is %q", round, i, goal.GetText())
				}
			}
		}
	}
}
