package rules_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/decide/decidetest"
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// A step of somebody's, as "who step".
var who = map[string]loop.Actor{"creator": people["hva"], "colleague": colleague, "member": people["terveys"]}

// lives are ways into each state of a plan of hva's.
var lives = []struct{ name, steps string }{
	{"DRAFT", ""},
	{"DRAFT, with a goal", "creator AddGoal"},
	{"DRAFT, a unit invited", "creator InviteMember"},
	{"ACTIVE, started alone", "creator AddGoal, creator StartPlan"},
	{"ACTIVE, joined by another agency", "creator AddGoal, creator InviteMember, member JoinPlan"},
	{"ACTIVE, with actions", "creator AddGoal, creator InviteMember, member JoinPlan, creator AddAction, member AddAction"},
	{"ACTIVE, responsibility offered", "creator AddGoal, creator StartPlan, creator OfferResponsibility"},
	{"ACTIVE, responsibility handed on", "creator AddGoal, creator StartPlan, creator OfferResponsibility, colleague AcceptResponsibility"},
	{"ACTIVE, an invitation declined", "creator AddGoal, creator StartPlan, creator InviteMember, member DeclineInvitation"},
	{"ACTIVE, a member left", "creator AddGoal, creator InviteMember, member JoinPlan, member LeavePlan"},
	{"UNDER_REVIEW", "creator AddGoal, creator InviteMember, member JoinPlan, member StartReview"},
	{"ENDED", "creator AddGoal, creator InviteMember, member JoinPlan, creator EndPlan"},
	{"ENTERED_IN_ERROR", "creator AddGoal, creator InviteMember, member JoinPlan, creator RevokePlan"},
}

// A plan's whole life: state × step × role → state or refusal.
func TestLifeTable(t *testing.T) {
	var all []decidetest.Life[rules.Plan, rules.Facts]
	for _, one := range lives {
		all = append(all, decidetest.Life[rules.Plan, rules.Facts]{Name: one.name, Live: func(t *testing.T) (*plain, string) {
			w, subject := created(t)
			for _, line := range strings.Split(one.steps, ", ") {
				if actor, step, ok := strings.Cut(line, " "); ok {
					w.take(t, who[actor], subject, step)
				}
			}
			return w.plain, subject
		}})
	}
	actors := []decidetest.Actor{
		{Role: "creator", Actor: people["hva"]},
		{Role: "colleague", Actor: colleague},
		{Role: "same agency", Actor: elsewhere},
		{Role: "member", Actor: people["terveys"]},
		{Role: "stranger", Actor: people["tyo"]},
	}
	decidetest.LifeTable(t, all, actors, allSteps, func(w *plain, subject, step string, actor loop.Actor) rules.Command {
		return command(actor, subject, requests(w, subject, people["kela"])[step])
	}, func(p rules.Plan) string { return strings.TrimPrefix(p.Plan.GetState().String(), "PLAN_STATE_") })
}

// What each reader is told of each event: a lawyer reads this file.
func TestDisclosureTable(t *testing.T) {
	w, subject := created(t)
	view := w.View("hva", subject).State
	decidetest.DisclosureTable(t, decidetest.Events(t, planv1.File_koppi_plan_v1_events_proto), []decidetest.Reader{
		{Name: "creator", Reader: loop.Reader{Agency: "hva", Role: loop.RoleSender}, View: view},
		{Name: "member", Reader: loop.Reader{Agency: "terveys", Role: loop.RoleParticipant}, View: view},
		{Name: "invited by it", Reader: loop.Reader{Agency: "kela", Role: loop.RoleParticipant}, View: rules.Plan{}},
		{Name: "client", Reader: loop.Reader{Role: loop.RoleClient}, View: view},
	}, rules.Disclose)
}

func TestDisclosuresNameWhatExists(t *testing.T) {
	decidetest.DisclosuresNameWhatExists(t, planv1.File_koppi_plan_v1_events_proto, rules.Disclosures)
}

func TestEvolveKnowsEveryEvent(t *testing.T) {
	at := time.Unix(1_700_000_000, 0).UTC()
	decidetest.EvolveKnows(t, decidetest.Events(t, planv1.File_koppi_plan_v1_events_proto), rules.Plan{
		Head: loop.Head{Subject: "plans/z", Phase: commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS},
		Plan: &planv1.Plan{
			State: planv1.PlanState_PLAN_STATE_DRAFT, ResponsibilityOfferedTo: &commonv1.Party{Agency: "x"},
			NextReviewAt: timestamppb.New(at), Goals: []*planv1.Goal{{GoalId: "x"}}, Actions: []*planv1.Action{{ActionId: "x"}},
		},
	}, at, rules.Evolve)
}
