package rules_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// shared is a plan with a goal that terveys has joined.
func shared(t *testing.T) (*town, string) {
	t.Helper()
	w, p := created(t)
	for _, step := range []string{"AddGoal", "InviteMember"} {
		w.Take(t, people["hva"], p, step)
	}
	w.Take(t, people["terveys"], p, "JoinPlan")
	return w, p
}

// Given a plan that went on before it, when a unit is invited, it sees the whole plan,
// and by the messages that follow goes on from there.
func TestWhoIsInvitedSeesThePlan(t *testing.T) {
	w, p := created(t)
	w.Take(t, people["hva"], p, "AddGoal")
	w.Take(t, people["hva"], p, "AddAction")
	w.Take(t, people["hva"], p, "OfferResponsibility")
	w.Pass(7 * 24 * time.Hour)
	w.Take(t, people["hva"], p, "InviteMember")
	w.Expect(t, "terveys", p, "MemberInvited")
	w.Take(t, colleague, p, "AcceptResponsibility")
	w.Expect(t, "terveys", p, "MemberInvited ResponsibilityAccepted")
	w.Expect(t, "hva", p, "Created GoalAdded ActionAdded ResponsibilityOffered Overdue MemberInvited ResponsibilityAccepted")
	theirs, ours := w.View("terveys", p), w.View("hva", p)
	if !proto.Equal(theirs.State.Plan, ours.State.Plan) {
		t.Errorf("the member invited sees %v, the others %v", theirs.State.Plan, ours.State.Plan)
	}
	if a, b := rules.Status(theirs.State, theirs.Reader), rules.Status(ours.State, ours.Reader); !proto.Equal(a, b) || !a.GetOverdue() {
		t.Errorf("it stands at %v for the one, at %v for the other", a, b)
	}
}

// Who says no, or leaves, is told so, and no more; asked in again it sees all.
func TestWhoLeavesIsToldNoMore(t *testing.T) {
	w, p := shared(t)
	w.Take(t, people["terveys"], p, "LeavePlan")
	w.Take(t, people["hva"], p, "RecordClientView")
	w.Expect(t, "terveys", p, "MemberInvited MemberJoined MemberLeft")
	if w.Histories[p].Related("terveys") {
		t.Error("who left still has a relation to the plan")
	}
	w.Take(t, people["hva"], p, "InviteMember")
	w.Expect(t, "terveys", p, "MemberInvited MemberJoined MemberLeft MemberInvited")
	if views := w.View("terveys", p).State.Plan.GetClientViews(); len(views) != 1 {
		t.Errorf("asked in again it sees %d views of the client", len(views))
	}
}

// Responsibility passes by the next worker's yes, and a plan is never without its own.
func TestResponsibility(t *testing.T) {
	w, p := shared(t)
	w.Take(t, people["hva"], p, "OfferResponsibility")
	if err := w.Try(people["hva"], p, w.Request(p, "OfferResponsibility", colleague)); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("a second offer: %v", err)
	}
	if err := w.Try(people["terveys"], p, &planv1.AcceptResponsibilityRequest{}); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("accepted by another: %v", err)
	}
	w.Take(t, colleague, p, "DeclineResponsibility")
	for name, to := range map[string]*commonv1.Party{
		"a queue": {Agency: "hva", Unit: "tyoikaiset"}, "a stranger": people["kela"].Party(), "oneself": people["hva"].Party(),
	} {
		if err := w.Try(people["hva"], p, &planv1.OfferResponsibilityRequest{To: to}); fault.ReasonOf(err) != fault.UnknownParty {
			t.Errorf("offered to %s: %v", name, err)
		}
	}
	rulestest.Must(t, w.Try(people["hva"], p, &planv1.OfferResponsibilityRequest{To: people["terveys"].Party()}))
	w.Take(t, people["terveys"], p, "AcceptResponsibility")
	if err := w.Try(people["hva"], p, &planv1.EndPlanRequest{}); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("ended by who answers no more: %v", err)
	}
	w.Take(t, people["hva"], p, "LeavePlan")
	w.Take(t, people["terveys"], p, "RevokePlan")
	w.Expect(t, "hva", p, "Created GoalAdded MemberInvited MemberJoined ResponsibilityOffered ResponsibilityDeclined "+
		"ResponsibilityOffered ResponsibilityAccepted MemberLeft EnteredInError")
}

// An offer to a worker whose unit leaves lapses.
func TestAnOfferLapsesWithItsMember(t *testing.T) {
	w, p := shared(t)
	rulestest.Must(t, w.Try(people["hva"], p, &planv1.OfferResponsibilityRequest{To: people["terveys"].Party()}))
	w.Take(t, people["terveys"], p, "LeavePlan")
	if w.Histories[p].State.Plan.GetResponsibilityOfferedTo() != nil {
		t.Error("who left may still answer")
	}
}

// Whoever owns something to do cannot leave.
func TestNobodyLeavesWorkBehind(t *testing.T) {
	w, p := shared(t)
	w.Take(t, people["terveys"], p, "AddAction")
	if err := w.Try(people["terveys"], p, &planv1.LeavePlanRequest{}); fault.ReasonOf(err) != fault.IllegalStep {
		t.Error(err)
	}
	w.Take(t, people["hva"], p, "ReassignAction")
	w.Take(t, people["terveys"], p, "LeavePlan")
}

// Two goals are changed at once; one goal needs what it was read as.
func TestGoals(t *testing.T) {
	w, p := shared(t)
	w.Take(t, people["hva"], p, "AddGoal")
	goals := w.Histories[p].State.Plan.GetGoals()
	first := &planv1.UpdateGoalRequest{GoalId: goals[0].GetGoalId(), Etag: goals[0].GetEtag(), Text: "a"}
	second := &planv1.UpdateGoalRequest{GoalId: goals[1].GetGoalId(), Etag: goals[1].GetEtag(), Text: "b"}
	rulestest.Must(t, w.Try(people["hva"], p, first))
	rulestest.Must(t, w.Try(people["terveys"], p, second))
	if err := w.Try(people["terveys"], p, first); fault.ReasonOf(err) != fault.StaleEtag {
		t.Errorf("changed on what it was before: %v", err)
	}
	if theirs := w.View("terveys", p).State.Plan.GetGoals(); theirs[0].GetEtag() != w.Histories[p].State.Plan.GetGoals()[0].GetEtag() {
		t.Error("a goal's etag differs from member to member")
	}
}

// Several things are due at once; each late one is told once, and the plan is overdue
// while any of them is.
func TestSeveralDueTimes(t *testing.T) {
	w, p := shared(t)
	w.Take(t, people["terveys"], p, "AddAction")
	w.Take(t, people["hva"], p, "ScheduleReview")
	w.Pass(25 * time.Hour)
	w.Pass(72 * time.Hour)
	w.Pass(72 * time.Hour)
	w.Expect(t, "terveys", p, "MemberInvited MemberJoined ActionAdded ReviewScheduled Overdue Overdue")
	view := w.View("terveys", p)
	if !rules.Status(view.State, view.Reader).GetOverdue() || !rules.ToPlan(view, people["terveys"]).GetActions()[0].GetOverdue() {
		t.Error("not overdue")
	}
	w.Take(t, people["terveys"], p, "CompleteAction")
	if view = w.View("terveys", p); !rules.Status(view.State, view.Reader).GetOverdue() {
		t.Error("the review is late, and the plan is not")
	}
	w.Take(t, people["hva"], p, "ScheduleReview")
	if view = w.View("terveys", p); rules.Status(view.State, view.Reader).GetOverdue() {
		t.Error("nothing is late, and the plan is")
	}
}

// What a step lacks, or may not say, is refused.
func TestContent(t *testing.T) {
	ahead := func(w *town) *timestamppb.Timestamp { return timestamppb.New(w.Now.Add(time.Hour)) }
	for name, test := range map[string]struct {
		request func(*town) proto.Message
		reason  fault.Reason
	}{
		"an action of a stranger's": {func(w *town) proto.Message {
			return &planv1.AddActionRequest{Text: "x", Owner: people["kela"].Party(), DueAt: ahead(w)}
		}, fault.UnknownParty},
		"an action without a due time": {func(*town) proto.Message { return &planv1.AddActionRequest{Text: "x"} }, fault.InvalidField},
		"an action for no goal": {func(w *town) proto.Message {
			return &planv1.AddActionRequest{Text: "x", GoalId: "none", DueAt: ahead(w)}
		}, fault.InvalidField},
		"no such goal": {func(*town) proto.Message { return &planv1.AssessGoalRequest{GoalId: "none"} }, fault.InvalidField},
		"a member again": {func(w *town) proto.Message {
			return w.Request(w.Subjects()[0], "InviteMember", people["terveys"])
		}, fault.InvalidField},
		"without a ground":    {func(*town) proto.Message { return &planv1.InviteMemberRequest{Party: people["kela"].Party()} }, fault.LegalBasisRequired},
		"a review gone by":    {func(*town) proto.Message { return &planv1.ScheduleReviewRequest{At: timestamppb.New(time.Unix(1, 0))} }, fault.InvalidField},
		"revoked unexplained": {func(*town) proto.Message { return &planv1.RevokePlanRequest{} }, fault.ExplanationRequired},
	} {
		w, p := shared(t)
		w.Take(t, people["hva"], p, "AddAction")
		if err := w.Try(people["hva"], p, test.request(w)); fault.ReasonOf(err) != test.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
}
