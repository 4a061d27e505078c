package rules_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// lives lead to each state of a plan of hva.
var lives = []rulestest.Life{
	{Name: "DRAFT"},
	{Name: "DRAFT, with a goal", Steps: "creator AddGoal"},
	{Name: "DRAFT, a unit invited", Steps: "creator InviteMember"},
	{Name: "ACTIVE, started alone", Steps: "creator AddGoal, creator StartPlan"},
	{Name: "ACTIVE, joined by another agency", Steps: "creator AddGoal, creator InviteMember, member JoinPlan"},
	{Name: "ACTIVE, with actions", Steps: "creator AddGoal, creator InviteMember, member JoinPlan, creator AddAction, member AddAction"},
	{Name: "ACTIVE, special support", Steps: "creator AddGoal, creator InviteMember, member JoinPlan, creator RecordSpecialSupport"},
	{Name: "ACTIVE, responsibility offered", Steps: "creator AddGoal, creator StartPlan, creator OfferResponsibility"},
	{Name: "ACTIVE, responsibility handed on", Steps: "creator AddGoal, creator StartPlan, creator OfferResponsibility, colleague AcceptResponsibility"},
	{Name: "ACTIVE, an invitation declined", Steps: "creator AddGoal, creator StartPlan, creator InviteMember, member DeclineInvitation"},
	{Name: "ACTIVE, a member left", Steps: "creator AddGoal, creator InviteMember, member JoinPlan, member LeavePlan"},
	{Name: "UNDER_REVIEW", Steps: "creator AddGoal, creator InviteMember, member JoinPlan, member StartReview"},
	{Name: "ENDED", Steps: "creator AddGoal, creator InviteMember, member JoinPlan, creator EndPlan"},
	{Name: "ENTERED_IN_ERROR", Steps: "creator AddGoal, creator InviteMember, member JoinPlan, creator RevokePlan"},
}

// The golden file holds: state × step × role → state or refusal.
func TestLifeTable(t *testing.T) {
	rulestest.LifeTable(t, func(t *testing.T, _ rulestest.Life) (*base, string) {
		w, subject := created(t)
		return w.base, subject
	}, lives, []rulestest.Actor{
		{Role: "creator", Actor: people["hva"]},
		{Role: "colleague", Actor: colleague},
		{Role: "same agency", Actor: elsewhere},
		{Role: "member", Actor: people["terveys"]},
		{Role: "stranger", Actor: people["tyo"]},
	}, allSteps, func(p rules.Plan) string { return strings.TrimPrefix(p.Plan.GetState().String(), "PLAN_STATE_") })
}

func TestDisclosuresNameWhatExists(t *testing.T) {
	rulestest.DisclosuresNameWhatExists(t, rules.Disclosures, planv1.File_koppi_plan_v1_events_proto, commonv1.File_koppi_common_v1_contact_proto)
}

func TestEvolveKnowsEveryEvent(t *testing.T) {
	at := time.Unix(1_700_000_000, 0).UTC()
	rulestest.EvolveKnows(t, rulestest.Events(t, planv1.File_koppi_plan_v1_events_proto, commonv1.File_koppi_common_v1_contact_proto), rules.Plan{
		Head: matter.Head{Subject: "plans/z", Phase: commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS},
		Plan: &planv1.Plan{
			State: planv1.PlanState_PLAN_STATE_DRAFT, ResponsibilityOfferedTo: &commonv1.Party{Agency: "x"},
			NextReviewAt: timestamppb.New(at), Goals: []*planv1.Goal{{GoalId: "x"}}, Actions: []*planv1.Action{{ActionId: "x"}},
		},
	}, at, rules.Evolve)
}

func TestStepsAreComplete(t *testing.T) {
	service := planv1.File_koppi_plan_v1_plan_proto.Services().ByName("PlanService")
	rulestest.StepsAreComplete(t, service, rules.Table.Steps(), allSteps)
}
