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

// shared returns a plan with a goal that terveys has joined.
func shared(t *testing.T) (*fixture, string) {
	t.Helper()
	w, p := created(t)
	for _, step := range []string{"AddGoal", "InviteMember"} {
		w.Take(t, people["hva"], p, step)
	}
	w.Take(t, people["terveys"], p, "JoinPlan")
	return w, p
}

// An invited unit sees the whole plan, and follows it by the later messages.
func TestInvitedUnitSeesWholePlan(t *testing.T) {
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
		t.Errorf("the invited member sees %v, the others %v", theirs.State.Plan, ours.State.Plan)
	}
	if a, b := rules.Status(theirs.State, theirs.Reader), rules.Status(ours.State, ours.Reader); !proto.Equal(a, b) || !a.GetOverdue() {
		t.Errorf("the status is %v for the one, %v for the other", a, b)
	}
}

// A unit that declines or leaves sees that, and nothing more. Invited again, it sees the whole plan.
func TestUnitThatLeftSeesNothingMore(t *testing.T) {
	w, p := shared(t)
	w.Take(t, people["terveys"], p, "LeavePlan")
	w.Take(t, people["hva"], p, "RecordClientView")
	w.Expect(t, "terveys", p, "MemberInvited MemberJoined MemberLeft")
	if w.Histories[p].Related("terveys") {
		t.Error("the unit that left still has a relation to the plan")
	}
	w.Take(t, people["hva"], p, "InviteMember")
	w.Expect(t, "terveys", p, "MemberInvited MemberJoined MemberLeft MemberInvited")
	if views := w.View("terveys", p).State.Plan.GetClientViews(); len(views) != 1 {
		t.Errorf("invited again it sees %d views of the client", len(views))
	}
}

// The responsibility passes when the next worker accepts it. A plan always has a responsible worker.
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
		t.Errorf("ended by a worker who is no longer responsible: %v", err)
	}
	w.Take(t, people["hva"], p, "LeavePlan")
	w.Take(t, people["terveys"], p, "RevokePlan")
	w.Expect(t, "hva", p, "Created GoalAdded MemberInvited MemberJoined ResponsibilityOffered ResponsibilityDeclined "+
		"ResponsibilityOffered ResponsibilityAccepted MemberLeft EnteredInError")
}

// An offer of responsibility lapses if the worker's unit leaves.
func TestResponsibilityOfferLapsesWhenUnitLeaves(t *testing.T) {
	w, p := shared(t)
	rulestest.Must(t, w.Try(people["hva"], p, &planv1.OfferResponsibilityRequest{To: people["terveys"].Party()}))
	w.Take(t, people["terveys"], p, "LeavePlan")
	if w.Histories[p].State.Plan.GetResponsibilityOfferedTo() != nil {
		t.Error("the worker of the unit that left can still answer")
	}
}

// A unit that owns an open action cannot leave.
func TestUnitWithOpenActionCannotLeave(t *testing.T) {
	w, p := shared(t)
	w.Take(t, people["terveys"], p, "AddAction")
	if err := w.Try(people["terveys"], p, &planv1.LeavePlanRequest{}); fault.ReasonOf(err) != fault.IllegalStep {
		t.Error(err)
	}
	w.Take(t, people["hva"], p, "ReassignAction")
	w.Take(t, people["terveys"], p, "LeavePlan")
}

// Two goals can be changed at the same time. A change of one goal needs its current etag.
func TestGoals(t *testing.T) {
	w, p := shared(t)
	w.Take(t, people["hva"], p, "AddGoal")
	goals := w.Histories[p].State.Plan.GetGoals()
	first := &planv1.UpdateGoalRequest{GoalId: goals[0].GetGoalId(), Etag: goals[0].GetEtag(), Text: "a"}
	second := &planv1.UpdateGoalRequest{GoalId: goals[1].GetGoalId(), Etag: goals[1].GetEtag(), Text: "b"}
	rulestest.Must(t, w.Try(people["hva"], p, first))
	rulestest.Must(t, w.Try(people["terveys"], p, second))
	if err := w.Try(people["terveys"], p, first); fault.ReasonOf(err) != fault.StaleEtag {
		t.Errorf("changed with an outdated etag: %v", err)
	}
	if theirs := w.View("terveys", p).State.Plan.GetGoals(); theirs[0].GetEtag() != w.Histories[p].State.Plan.GetGoals()[0].GetEtag() {
		t.Error("a goal's etag differs from member to member")
	}
}

// Several items have due times. Each that passes is disclosed once, and the plan is overdue while any
// item is.
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
		t.Error("the review is late, but the plan is not overdue")
	}
	w.Take(t, people["hva"], p, "ScheduleReview")
	if view = w.View("terveys", p); rules.Status(view.State, view.Reader).GetOverdue() {
		t.Error("nothing is late, but the plan is overdue")
	}
}

// A step with missing or forbidden content is refused.
func TestContent(t *testing.T) {
	ahead := func(w *fixture) *timestamppb.Timestamp { return timestamppb.New(w.Now.Add(time.Hour)) }
	for name, test := range map[string]struct {
		request func(*fixture) proto.Message
		reason  fault.Reason
	}{
		"an action of a stranger": {func(w *fixture) proto.Message {
			return &planv1.AddActionRequest{Text: "x", Owner: people["kela"].Party(), DueAt: ahead(w)}
		}, fault.UnknownParty},
		"an action without a due time": {func(*fixture) proto.Message { return &planv1.AddActionRequest{Text: "x"} }, fault.InvalidField},
		"an action for no goal": {func(w *fixture) proto.Message {
			return &planv1.AddActionRequest{Text: "x", GoalId: "none", DueAt: ahead(w)}
		}, fault.InvalidField},
		"no such goal": {func(*fixture) proto.Message { return &planv1.AssessGoalRequest{GoalId: "none"} }, fault.InvalidField},
		"a member again": {func(w *fixture) proto.Message {
			return w.Request(w.Subjects()[0], "InviteMember", people["terveys"])
		}, fault.InvalidField},
		"without a ground": {func(*fixture) proto.Message { return &planv1.InviteMemberRequest{Party: people["kela"].Party()} }, fault.LegalBasisRequired},
		"a review in the past": {func(*fixture) proto.Message {
			return &planv1.ScheduleReviewRequest{At: timestamppb.New(time.Unix(1, 0))}
		}, fault.InvalidField},
		"revoked without a reason": {func(*fixture) proto.Message { return &planv1.RevokePlanRequest{} }, fault.ExplanationRequired},
	} {
		w, p := shared(t)
		w.Take(t, people["hva"], p, "AddAction")
		if err := w.Try(people["hva"], p, test.request(w)); fault.ReasonOf(err) != test.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
}
