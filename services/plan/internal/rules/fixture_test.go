package rules_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan"
	"koppi.internal/services/plan/internal/rules"
)

// base is the fixture without the helpers of this service.
type base = rulestest.Fixture[rules.Plan, rules.Facts]

// fixture is a few agencies whose workers act on plans, without a store.
type fixture struct{ *base }

func newFixture() *fixture {
	return &fixture{rulestest.NewFixture(rulestest.Service[rules.Plan, rules.Facts]{
		Rules: plan.Rules(), Collection: rules.Collection, Decide: rules.Decide, Allowed: rules.Allowed,
		Facts: facts, Requests: requests,
	})}
}

var (
	people    = rulestest.People
	colleague = rulestest.Colleague
	elsewhere = rulestest.Elsewhere
)

func party(actor matter.Actor) *commonv1.Party { return actor.Party() }

func create(w *base, actor matter.Actor) (string, error) {
	return createBy(w, actor, &planv1.CreatePlanRequest{})
}

// createBy creates a plan by a request, on consent.
func createBy(w *base, actor matter.Actor, request *planv1.CreatePlanRequest) (string, error) {
	request.Basis = rulestest.Consent(w.Now)
	return createKnowing(w, actor, rules.Facts{}, request)
}

// begin creates a plan on a legal basis, given what the directory says of its creator.
func begin(w *base, actor matter.Actor, basis *commonv1.LegalBasis, known rules.Facts) (string, error) {
	return createKnowing(w, actor, known, &planv1.CreatePlanRequest{Basis: basis})
}

// createKnowing creates a plan by a request, given what the directory says of its creator.
func createKnowing(w *base, actor matter.Actor, known rules.Facts, request *planv1.CreatePlanRequest) (string, error) {
	request.Client = &commonv1.Client{Language: "fi"}
	return w.Begin(rules.Command{Actor: actor, Client: "anna", Facts: known, Request: request})
}

// byLaw is the legal basis of a member that needs no consent, and duty that of a plan that social
// services must make.
var (
	byLaw = &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS, Provision: "1301/2014 § 41"}
	duty  = &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS, Provision: "1301/2014 § 39.1", GroundKey: "shl-39-1"}
)

// created returns a new plan of hva.
func created(t *testing.T) (*fixture, string) {
	t.Helper()
	w := newFixture()
	subject, err := create(w.base, people["hva"])
	rulestest.Must(t, err)
	return w, subject
}

// facts returns the unit that an invitation names.
func facts(request proto.Message) (known rules.Facts) {
	if invite, ok := request.(*planv1.InviteMemberRequest); ok {
		known.Invited = invite.GetParty()
	}
	return known
}

var allSteps = []string{
	"InviteMember", "JoinPlan", "DeclineInvitation", "LeavePlan", "StartPlan", "AddGoal", "UpdateGoal", "AssessGoal",
	"AddAction", "ReassignAction", "CompleteAction", "PlanContact", "RecordClientView", "RecordSpecialSupport", "OfferResponsibility", "AcceptResponsibility",
	"DeclineResponsibility", "ScheduleReview", "StartReview", "CompleteReview", "EndPlan", "RevokePlan", "AcknowledgeRevocation",
}

// requests returns a valid request of each step; other is the party that it concerns.
func requests(w *base, subject string, other matter.Actor) map[string]proto.Message {
	state := w.Histories[subject].State.Plan
	goal, goalEtag, action := "", "", ""
	if goals := state.GetGoals(); len(goals) > 0 {
		goal, goalEtag = goals[0].GetGoalId(), goals[0].GetEtag()
	}
	heir := colleague
	if state.GetResponsible().GetWorker() == colleague.Worker {
		heir = people["hva"]
	}
	for _, one := range state.GetActions() {
		if one.GetCompletedAt() == nil {
			action = one.GetActionId()
		}
	}
	return map[string]proto.Message{
		"InviteMember":          &planv1.InviteMemberRequest{Party: matter.UnitAlone(party(other)), Basis: rulestest.Consent(w.Now)},
		"JoinPlan":              &planv1.JoinPlanRequest{},
		"DeclineInvitation":     &planv1.DeclineInvitationRequest{Reason: "ei meille"},
		"LeavePlan":             &planv1.LeavePlanRequest{Reason: "valmis"},
		"StartPlan":             &planv1.StartPlanRequest{},
		"AddGoal":               &planv1.AddGoalRequest{Text: "Haluan nukkua.", SetByClient: true},
		"UpdateGoal":            &planv1.UpdateGoalRequest{GoalId: goal, Etag: goalEtag, Text: "Haluan nukkua yöt."},
		"AssessGoal":            &planv1.AssessGoalRequest{GoalId: goal, Score: -1, ByClient: true},
		"AddAction":             &planv1.AddActionRequest{GoalId: goal, Text: "Aika", DueAt: timestamppb.New(w.Now.Add(72 * time.Hour))},
		"ReassignAction":        &planv1.ReassignActionRequest{ActionId: action, To: party(colleague)},
		"CompleteAction":        &planv1.CompleteActionRequest{ActionId: action},
		"PlanContact":           &planv1.PlanContactRequest{At: timestamppb.New(w.Now.Add(time.Hour))},
		"RecordClientView":      &planv1.RecordClientViewRequest{FeltHeard: true},
		"RecordSpecialSupport":  &planv1.RecordSpecialSupportRequest{SpecialSupport: true},
		"OfferResponsibility":   &planv1.OfferResponsibilityRequest{To: party(heir), Reason: "loma"},
		"AcceptResponsibility":  &planv1.AcceptResponsibilityRequest{},
		"DeclineResponsibility": &planv1.DeclineResponsibilityRequest{},
		"ScheduleReview":        &planv1.ScheduleReviewRequest{At: timestamppb.New(w.Now.Add(24 * time.Hour))},
		"StartReview":           &planv1.StartReviewRequest{},
		"CompleteReview":        &planv1.CompleteReviewRequest{Summary: "hyvä"},
		"EndPlan":               &planv1.EndPlanRequest{Reason: "saavutettu"},
		"RevokePlan":            &planv1.RevokePlanRequest{Reason: "väärä henkilö"},
		"AcknowledgeRevocation": &planv1.AcknowledgeRevocationRequest{},
	}
}
