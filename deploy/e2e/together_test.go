package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// Who acts in these tests, as the directory of the scenarios has them.
var (
	countyParty = &commonv1.Party{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio"}
	healthParty = &commonv1.Party{Agency: "terveys-pohjois-savo", Unit: "terveysasema-kuopio"}
)

// as is a context in which a worker calls.
func as(t *testing.T, conn grpc.ClientConnInterface, party *commonv1.Party, worker, role string) context.Context {
	t.Helper()
	issued := insist(t, t.Context(), devv1.NewDevServiceClient(conn).IssueToken, &devv1.IssueTokenRequest{
		Agency: party.GetAgency(), Unit: party.GetUnit(), Worker: worker, Role: role,
	})
	return metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+issued.GetToken())
}

func question() *consultationv1.OpenConsultationRequest {
	return &consultationv1.OpenConsultationRequest{
		RequestId: uuid.NewString(), Addressee: healthParty, Topic: "Lääkitys", Question: "Voiko lääkitys selittää poissaolot?",
		Basis:   &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA, Provision: "703/2023 § 31"},
		Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}
}

func consented() *commonv1.LegalBasis {
	return &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 39", ConsentedAt: timestamppb.New(time.Now().Add(-time.Hour)),
	}
}

// at once runs two calls at the same moment and returns how they ended.
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
func rounds() int { return soaked("SOAK_ROUNDS", 40) }

// Two workers take one consultation at the same moment through two replicas, again and again:
// exactly one succeeds, and the other is told who has taken it.
func TestTwoTakeOneConsultation(t *testing.T) {
	t.Parallel()
	c := newGround(t, "fsync=off").cluster(t, 2, []string{"consultation"})
	gateway := dialStubborn(t, c.gateways[0].address)
	var services []consultationv1.ConsultationServiceClient
	for _, replica := range c.services["consultation"] {
		services = append(services, consultationv1.NewConsultationServiceClient(c.within(t, replica.address)))
	}
	asker := as(t, gateway, countyParty, "ps-21", "social_worker")
	workers := []context.Context{as(t, gateway, healthParty, "tk-02", "health_professional"), as(t, gateway, healthParty, "tk-03", "health_professional")}
	for round := range rounds() {
		id := insist(t, asker, services[round%2].OpenConsultation, question()).GetConsultation().GetConsultationId()
		var takes []func() error
		for i, worker := range workers {
			takes = append(takes, func() error {
				_, err := services[i].TakeConsultation(worker, &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})
				return err
			})
		}
		won, told := 0, 0
		for _, err := range atOnce(takes...) {
			switch {
			case err == nil:
				won++
			case fault.ReasonOf(err) == fault.IllegalStep && fault.MetadataOf(err)["taken_by_worker"] != "":
				told++
			default:
				t.Fatalf("round %d: %v", round, err)
			}
		}
		if won != 1 || told != 1 {
			t.Fatalf("round %d: %d have taken it, and %d were told who has", round, won, told)
		}
	}
}

// Two members change two goals of one plan at the same moment through two replicas, a thousand
// times, without a conflict or a loss.
func TestTwoEditTwoGoals(t *testing.T) {
	t.Parallel()
	c := newGround(t, "fsync=off").cluster(t, 2, []string{"plan"})
	gateway := dialStubborn(t, c.gateways[0].address)
	var services []planv1.PlanServiceClient
	for _, replica := range c.services["plan"] {
		services = append(services, planv1.NewPlanServiceClient(c.within(t, replica.address)))
	}
	members := []context.Context{as(t, gateway, countyParty, "ps-21", "social_worker"), as(t, gateway, healthParty, "tk-02", "health_professional")}
	// A plan's history is folded anew each time: so many rounds on a few plans.
	const plans = 20
	for range plans {
		id := insist(t, members[0], services[0].CreatePlan, &planv1.CreatePlanRequest{
			RequestId: uuid.NewString(), Client: &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen"}}, Basis: consented(),
		}).GetPlan().GetPlanId()
		insist(t, members[0], services[0].InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: id, Party: healthParty, Basis: consented()})
		insist(t, members[1], services[1].JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: id})
		for i, member := range members {
			insist(t, member, services[i].AddGoal, &planv1.AddGoalRequest{RequestId: uuid.NewString(), PlanId: id, Text: "Tavoite", SetByClient: true})
		}
		goals := insist(t, members[0], services[0].GetPlan, &planv1.GetPlanRequest{PlanId: id}).GetPlan().GetGoals()
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
			for i, goal := range insist(t, members[1], services[0].GetPlan, &planv1.GetPlanRequest{PlanId: id}).GetPlan().GetGoals() {
				if goal.GetText() != fmt.Sprintf("%d: %d", i, round) || goal.GetEtag() != goals[i].GetEtag() {
					t.Fatalf("round %d: goal %d is %q", round, i, goal.GetText())
				}
			}
		}
	}
}
