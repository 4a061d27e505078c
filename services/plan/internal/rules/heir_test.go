package rules_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/fault"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// What a leaving member had to do goes to the responsible worker, and an offer to it lapses.
func TestDutiesOfLeavingMember(t *testing.T) {
	w, p := onDuty(t, "kela")
	w.Take(t, people["kela"], p, "AddAction")
	w.Take(t, people["kela"], p, "AddAction")
	w.Take(t, people["hva"], p, "AddAction")
	w.Take(t, people["kela"], p, "CompleteAction") // the last one, whoever owns it
	rulestest.Must(t, w.Try(people["hva"], p, &planv1.OfferResponsibilityRequest{To: people["kela"].Party()}))
	rulestest.Must(t, w.Try(people["kela"], p, &planv1.PlanContactRequest{At: timestamppb.New(w.Now.Add(time.Hour))}))
	rulestest.Must(t, w.Withdraw("", p))
	state := w.Histories[p].State
	for i, action := range state.Plan.GetActions() {
		if owner := action.GetOwner(); owner.GetAgency() != "hva" || owner.GetWorker() != "ps-21" {
			t.Errorf("action %d is of %v", i, owner)
		}
	}
	for _, item := range state.Items() {
		if item.Owner.GetAgency() != "hva" {
			t.Errorf("%s waits for %v", item.What, item.Owner)
		}
	}
	if state.Plan.GetResponsibilityOfferedTo() != nil || state.Plan.GetResponsibilityDueAt() != nil || len(state.Contacts) > 0 {
		t.Errorf("%v, contacts %v", state.Plan, state.Contacts)
	}
	w.Take(t, people["hva"], p, "OfferResponsibility")
}

// The responsibility of a leaving member returns to the creator.
func TestResponsibleMemberLeaves(t *testing.T) {
	w, p := onDuty(t, "kela", "terveys")
	rulestest.Must(t, w.Try(people["hva"], p, &planv1.OfferResponsibilityRequest{To: people["kela"].Party()}))
	w.Take(t, people["kela"], p, "AcceptResponsibility")
	w.Take(t, people["kela"], p, "AddAction")
	rulestest.Must(t, w.Try(people["kela"], p, &planv1.OfferResponsibilityRequest{To: people["hva"].Party()}))
	rulestest.Must(t, w.Withdraw("", p, "kela"))
	for _, agency := range []string{"hva", "terveys"} {
		plan := w.View(agency, p).State.Plan
		if plan.GetResponsible().GetWorker() != "ps-21" || plan.GetActions()[0].GetOwner().GetWorker() != "ps-21" || plan.GetResponsibilityOfferedTo() != nil {
			t.Errorf("%s sees %v", agency, plan)
		}
	}
	w.Take(t, people["hva"], p, "EndPlan")
}

// If the creator has left too, the worker to whom the responsibility is offered takes it over, or else
// the first unit that has joined, of which any worker then answers for the plan.
func TestResponsibleMemberLeavesAfterCreator(t *testing.T) {
	for name, test := range map[string]struct {
		offered bool
		worker  string
	}{"offered": {true, "ty-09"}, "not offered": {false, ""}} {
		w, p := onDuty(t, "kela")
		joins(t, w, p, "tyo", byLaw)
		rulestest.Must(t, w.Try(people["hva"], p, &planv1.OfferResponsibilityRequest{To: people["kela"].Party()}))
		w.Take(t, people["kela"], p, "AcceptResponsibility")
		w.Take(t, people["hva"], p, "LeavePlan")
		if test.offered {
			rulestest.Must(t, w.Try(people["kela"], p, &planv1.OfferResponsibilityRequest{To: people["tyo"].Party()}))
		}
		rulestest.Must(t, w.Withdraw("", p))
		answers := w.View("tyo", p).State.Plan.GetResponsible()
		if answers.GetAgency() != "tyo" || answers.GetUnit() != "palvelut" || answers.GetWorker() != test.worker {
			t.Errorf("%s: %v answers", name, answers)
		}
		if strings.HasSuffix(w.Disclosed("hva", p), "ConsentWithdrawn") {
			t.Errorf("%s: the creator, which had left, is told", name)
		}
		machine := people["tyo"]
		machine.Worker, machine.Automatic = "", true
		if err := w.Try(machine, p, w.Request(p, "RevokePlan", machine)); fault.ReasonOf(err) != fault.RoleNotAllowed {
			t.Errorf("%s: a system answers for the plan: %v", name, err)
		}
		w.Take(t, people["tyo"], p, "EndPlan")
	}
}
