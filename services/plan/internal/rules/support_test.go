package rules_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

var (
	needed    = &planv1.RecordSpecialSupportRequest{SpecialSupport: true}
	notNeeded = &planv1.RecordSpecialSupportRequest{}
)

// expectSupport fails the test unless all agencies and the client read that special support stands with
// the given social worker; without one, that it does not stand.
func (w *fixture) expectSupport(t *testing.T, subject string, worker *commonv1.Party, agencies ...string) {
	t.Helper()
	read := map[string]*planv1.Plan{"the client": w.Rules.ForClient(w.Histories[subject].Events).State.Plan}
	for _, agency := range agencies {
		read[agency] = rules.ToPlan(w.View(agency, subject), people[agency])
	}
	for reader, plan := range read {
		if plan.GetSpecialSupport() != (worker != nil) || !proto.Equal(plan.GetSocialWorker(), worker) {
			t.Errorf("%s reads %v, %v; want %v", reader, plan.GetSpecialSupport(), plan.GetSocialWorker(), worker)
		}
	}
}

// joinedElsewhere lets the other unit of hva join, whose worker is a social worker.
func (w *fixture) joinedElsewhere(t *testing.T, subject string) {
	t.Helper()
	rulestest.Must(t, w.Try(people["hva"], subject, w.Request(subject, "InviteMember", elsewhere)))
	w.Take(t, elsewhere, subject, "JoinPlan")
}

// The social worker's unit leaves when the client withdraws its consent to it. The need of special support
// stands, without a social worker, until another takes over.
func TestSpecialSupportWaitsForASocialWorker(t *testing.T) {
	w := newFixture()
	p, err := begin(w.base, people["tyo"], rulestest.Consent(w.Now), rules.Facts{SocialServices: true})
	rulestest.Must(t, err)
	for _, agency := range []string{"hva", "kela"} {
		rulestest.Must(t, w.Try(people["tyo"], p, &planv1.InviteMemberRequest{Party: matter.UnitAlone(people[agency].Party()), Basis: rulestest.Consent(w.Now)}))
		rulestest.Must(t, w.Try(people[agency], p, &planv1.JoinPlanRequest{}))
	}
	rulestest.Must(t, w.Try(people["hva"], p, needed))
	w.expectSupport(t, p, people["hva"].Party(), "hva", "kela", "tyo")
	rulestest.Must(t, w.Withdraw("", p, "hva"))
	for reader, plan := range map[string]*planv1.Plan{"kela": w.View("kela", p).State.Plan, "tyo": w.View("tyo", p).State.Plan, "all": w.Histories[p].State.Plan} {
		if !plan.GetSpecialSupport() || plan.GetSocialWorker() != nil {
			t.Errorf("%s reads %v, %v", reader, plan.GetSpecialSupport(), plan.GetSocialWorker())
		}
	}
}

// A social worker creates a plan for a client who needs special support and is its social worker, also
// when another worker of the unit is responsible. The need is an event of its own.
func TestPlanCreatedWithSpecialSupport(t *testing.T) {
	for _, responsible := range []*commonv1.Party{nil, colleague.Party()} {
		w := newFixture()
		p, err := createBy(w.base, people["hva"], &planv1.CreatePlanRequest{SpecialSupport: true, Responsible: responsible})
		rulestest.Must(t, err)
		w.Expect(t, "hva", p, "Created SpecialSupportRecorded")
		w.expectSupport(t, p, people["hva"].Party(), "hva")
		if got := w.Histories[p].State.Plan.GetResponsible(); responsible != nil && !proto.Equal(got, responsible) {
			t.Errorf("%v is responsible", got)
		}
	}
	w, p := created(t)
	w.Expect(t, "hva", p, "Created")
	w.expectSupport(t, p, nil, "hva")
}

// Only a social worker creates a plan with special support. A system does it on behalf of one; any worker
// creates a plan without.
func TestPlanWithSpecialSupportIsCreatedBySocialWorker(t *testing.T) {
	system := matter.Actor{Agency: "hva", Role: "system", Automatic: true}
	for _, actor := range []matter.Actor{colleague, people["terveys"], people["kela"]} {
		w := newFixture()
		if _, err := createBy(w.base, actor, &planv1.CreatePlanRequest{SpecialSupport: true}); fault.ReasonOf(err) != fault.ProfessionNotAllowed || len(w.Events) > 0 {
			t.Errorf("created by a %s: %v", actor.Role, err)
		}
		_, err := create(w.base, actor)
		rulestest.Must(t, err)
	}
	if _, err := createBy(newFixture().base, system, &planv1.CreatePlanRequest{SpecialSupport: true}); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("created by a system alone: %v", err)
	}
}

// The social worker of a unit that has joined records the need. Membership is checked before profession.
func TestSpecialSupportIsRecordedByJoinedSocialWorker(t *testing.T) {
	nurse, invitedWorker := people["terveys"], elsewhere
	outsider := matter.Actor{Agency: "hva", Unit: "lapset", Worker: "ps-50", Role: "social_counsellor"}
	for name, test := range map[string]struct {
		actor  matter.Actor
		reason fault.Reason
	}{
		"a social worker":                         {people["hva"], ""},
		"a counsellor of the same unit":           {colleague, fault.ProfessionNotAllowed},
		"a member of another profession":          {nurse, fault.ProfessionNotAllowed},
		"a social worker who is only invited":     {invitedWorker, fault.NotAMember},
		"a counsellor of a unit that is no party": {outsider, fault.NotAMember},
		"a system": {matter.Actor{Agency: "hva", Unit: "tyoikaiset", Role: "system", Automatic: true}, fault.RoleNotAllowed},
	} {
		for _, request := range []*planv1.RecordSpecialSupportRequest{needed, notNeeded} {
			w, p := shared(t)
			rulestest.Must(t, w.Try(people["hva"], p, w.Request(p, "InviteMember", invitedWorker)))
			before := len(w.Events)
			if err := w.Try(test.actor, p, request); fault.ReasonOf(err) != test.reason {
				t.Errorf("%s: %v", name, err)
			}
			if recorded := len(w.Events) - before; (recorded == 1) != (test.reason == "") {
				t.Errorf("%s: %d events", name, recorded)
			}
			if offered := slices.Contains(rules.Allowed(w.View(test.actor.Agency, p), test.actor), "RecordSpecialSupport"); offered != (test.reason == "") {
				t.Errorf("%s: offered: %v", name, offered)
			}
		}
	}
}

// Another social worker takes over by recording the need again. All members and the client read it, and are
// told of each record, also of one that repeats what stands.
func TestSpecialSupportIsTakenOver(t *testing.T) {
	w, p := shared(t)
	w.joinedElsewhere(t, p)
	for _, one := range []struct {
		actor   matter.Actor
		request *planv1.RecordSpecialSupportRequest
		want    *commonv1.Party
	}{
		{people["hva"], notNeeded, nil},
		{people["hva"], needed, people["hva"].Party()},
		{people["hva"], needed, people["hva"].Party()},
		{elsewhere, needed, elsewhere.Party()},
		{people["hva"], notNeeded, nil},
		{elsewhere, needed, elsewhere.Party()},
	} {
		rulestest.Must(t, w.Try(one.actor, p, one.request))
		w.expectSupport(t, p, one.want, "hva", "terveys")
	}
	w.Expect(t, "terveys", p, "MemberInvited MemberJoined MemberInvited MemberJoined"+strings.Repeat(" SpecialSupportRecorded", 6))
}

// While special support stands, the unit of the social worker cannot leave, and is told how it can: when
// another member's social worker has taken over, or when the need has ended.
func TestUnitOfSocialWorkerCannotLeave(t *testing.T) {
	for name, free := range map[string]func(t *testing.T, w *fixture, p string){
		"taken over": func(t *testing.T, w *fixture, p string) {
			t.Helper()
			rulestest.Must(t, w.Try(people["hva"], p, needed))
			w.expectSupport(t, p, people["hva"].Party(), "hva", "terveys")
		},
		"no need any more": func(t *testing.T, w *fixture, p string) {
			t.Helper()
			rulestest.Must(t, w.Try(elsewhere, p, notNeeded))
		},
	} {
		w, p := shared(t)
		w.joinedElsewhere(t, p)
		rulestest.Must(t, w.Try(elsewhere, p, needed))
		err := w.Try(elsewhere, p, &planv1.LeavePlanRequest{})
		if fault.ReasonOf(err) != fault.IllegalStep || !strings.Contains(err.Error(), "a social worker of another member takes over with RecordSpecialSupport") {
			t.Errorf("%s: left: %v", name, err)
		}
		allowed := rules.Allowed(w.View("hva", p), elsewhere)
		if steps := fault.MetadataOf(err)["allowed_steps"]; steps != strings.Join(allowed, ", ") || slices.Contains(allowed, "LeavePlan") || len(allowed) == 0 {
			t.Errorf("%s: may take %v, and is told %q", name, allowed, steps)
		}
		free(t, w, p)
		rulestest.Must(t, w.Try(elsewhere, p, &planv1.LeavePlanRequest{}))
	}
}

// Others leave as before, and are told nothing of special support where that is not the reason.
func TestOthersLeaveWhileSpecialSupportStands(t *testing.T) {
	w, p := shared(t)
	rulestest.Must(t, w.Try(people["hva"], p, needed))
	w.Take(t, people["terveys"], p, "AddAction")
	if err := w.Try(people["terveys"], p, &planv1.LeavePlanRequest{}); fault.ReasonOf(err) != fault.IllegalStep || strings.Contains(err.Error(), "RecordSpecialSupport") {
		t.Errorf("with an open action: %v", err)
	}
	w.Take(t, people["terveys"], p, "CompleteAction")
	w.Take(t, people["terveys"], p, "LeavePlan")
	w.Take(t, people["hva"], p, "EndPlan")
	if err := w.Try(people["hva"], p, &planv1.LeavePlanRequest{}); fault.ReasonOf(err) != fault.IllegalStep || strings.Contains(err.Error(), "RecordSpecialSupport") {
		t.Errorf("after the end: %v", err)
	}
}

// A member that is invited later reads who the social worker is; one that is invited again reads what
// stands then.
func TestInvitedMemberReadsSpecialSupport(t *testing.T) {
	w, p := shared(t)
	rulestest.Must(t, w.Try(people["hva"], p, needed))
	w.Take(t, people["terveys"], p, "LeavePlan")
	rulestest.Must(t, w.Try(people["hva"], p, w.Request(p, "InviteMember", people["kela"])))
	w.expectSupport(t, p, people["hva"].Party(), "kela")
	rulestest.Must(t, w.Try(people["hva"], p, notNeeded))
	w.expectSupport(t, p, nil, "hva", "kela")
	if view := w.View("terveys", p).State.Plan; !view.GetSpecialSupport() {
		t.Error("a unit that left was told more")
	}
	w.Take(t, people["hva"], p, "InviteMember")
	w.expectSupport(t, p, nil, "terveys")
}

// After the end nothing is recorded and nobody is the social worker; that the client needed special support
// stays in the plan. A plan that was entered in error holds neither.
func TestSpecialSupportAfterEnd(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(w *fixture, p string) error
		kept bool
	}{
		"ended": {func(w *fixture, p string) error { return w.Try(people["hva"], p, &planv1.EndPlanRequest{}) }, true},
		"entered in error": {func(w *fixture, p string) error {
			return w.Try(people["hva"], p, w.Request(p, "RevokePlan", elsewhere))
		}, false},
	} {
		w, p := shared(t)
		rulestest.Must(t, w.Try(people["hva"], p, needed))
		rulestest.Must(t, test.end(w, p))
		for _, agency := range []string{"hva", "terveys"} {
			plan := rules.ToPlan(w.View(agency, p), people[agency])
			if plan.GetSpecialSupport() != test.kept || plan.GetSocialWorker() != nil {
				t.Errorf("%s: %s reads %v, %v", name, agency, plan.GetSpecialSupport(), plan.GetSocialWorker())
			}
		}
		if err := w.Try(people["hva"], p, notNeeded); err == nil {
			t.Errorf("%s: recorded", name)
		}
	}
	w, p := shared(t)
	rulestest.Must(t, w.Try(people["hva"], p, needed))
	rulestest.Must(t, w.Withdraw("", p))
	if plan := rules.ToPlan(w.View("hva", p), people["hva"]); plan.GetState() != planv1.PlanState_PLAN_STATE_ENDED || plan.GetSocialWorker() != nil {
		t.Errorf("after the consent was withdrawn: %v", plan)
	}
}
