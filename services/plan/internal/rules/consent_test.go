package rules_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// tester is a test, or one case of a property.
type tester interface {
	Helper()
	Fatal(...any)
}

// onDuty returns a plan of social services (hva) with a goal, which the client consented to, and which
// some agencies have joined on consents of their own.
func onDuty(t tester, members ...string) (*fixture, string) {
	t.Helper()
	w := newFixture()
	p, err := begin(w.base, people["hva"], rulestest.Consent(w.Now), rules.Facts{SocialServices: true})
	must(t, err)
	must(t, w.Try(people["hva"], p, w.Request(p, "AddGoal", people["hva"])))
	for _, agency := range members {
		joins(t, w, p, agency, rulestest.Consent(w.Now))
	}
	return w, p
}

// joins has hva invite an agency's unit on a legal basis, and the unit join.
func joins(t tester, w *fixture, p, agency string, basis *commonv1.LegalBasis) {
	t.Helper()
	must(t, w.Try(people["hva"], p, &planv1.InviteMemberRequest{Party: matter.UnitAlone(people[agency].Party()), Basis: basis}))
	must(t, w.Try(people[agency], p, &planv1.JoinPlanRequest{}))
}

// has returns the agencies that have joined a plan, sorted, as a state shows it.
func has(p rules.Plan) string {
	var in []string
	for _, member := range p.Plan.GetMembers() {
		if member.GetState() == planv1.MemberState_MEMBER_STATE_JOINED {
			in = append(in, member.GetParty().GetAgency())
		}
	}
	slices.Sort(in)
	return strings.Join(in, " ")
}

// withdrawal returns the last withdrawal that an agency was told of; nil if there is none.
func withdrawal(w *fixture, agency string) *commonv1.ConsentWithdrawn {
	for _, one := range slices.Backward(w.Mail[agency]) {
		if m, is := one.Event.Message.(*commonv1.ConsentWithdrawn); is {
			return m
		}
	}
	return nil
}

// A plan is a duty if social services create it on consent, or anybody on the ground of the client plan.
// The creation records it, and members learn it by their invitation.
func TestWhichPlansAreDuties(t *testing.T) {
	w := newFixture()
	for _, test := range []struct {
		basis  *commonv1.LegalBasis
		social bool
		want   bool
	}{
		{rulestest.Consent(w.Now), true, true},
		{rulestest.Consent(w.Now), false, false},
		{duty, true, true},
		{duty, false, true},
		{byLaw, true, false},
	} {
		p, err := begin(w.base, people["hva"], test.basis, rules.Facts{SocialServices: test.social})
		rulestest.Must(t, err)
		w.Take(t, people["hva"], p, "InviteMember")
		recorded, _ := w.Histories[p].Events[0].Message.(*planv1.PlanCreated)
		for agency, view := range w.Histories[p].Views {
			if view.State.OnDuty != test.want || recorded.GetContinuesWithoutConsent() != test.want {
				t.Errorf("%v by social services %t: for %s a duty: %t", test.basis, test.social, agency, view.State.OnDuty)
			}
		}
	}
}

// The client withdraws consent to one of two members. It leaves, is told of that alone, and sees nothing
// of the plan. For the others and the client the plan goes on as it was.
func TestOneMemberIsWithdrawn(t *testing.T) {
	w, p := onDuty(t, "kela", "terveys")
	joins(t, w, p, "tyo", byLaw)
	before := w.Histories[p].State.Plan
	rulestest.Must(t, w.Withdraw("", p, "kela"))
	for name, state := range map[string]rules.Plan{
		"recorded": w.Histories[p].State, "hva": w.View("hva", p).State, "terveys": w.View("terveys", p).State, "tyo": w.View("tyo", p).State,
		"the client": w.Rules.ForClient(w.Histories[p].Events).State,
	} {
		if has(state) != "hva terveys tyo" || state.Ended() || state.Plan.GetState() != before.GetState() || len(state.Plan.GetGoals()) != 1 ||
			!proto.Equal(state.Plan.GetResponsible(), before.GetResponsible()) {
			t.Errorf("%s: %v", name, state.Plan)
		}
	}
	for _, agency := range []string{"hva", "terveys", "tyo"} {
		if told := withdrawal(w, agency); !told.GetContinues() || !slices.Equal(told.GetHolders(), []string{"kela"}) {
			t.Errorf("%s is told %v", agency, told)
		}
	}
	w.Take(t, people["hva"], p, "AddGoal")
	w.Expect(t, "kela", p, "MemberInvited MemberJoined MemberInvited MemberJoined MemberInvited MemberJoined ConsentWithdrawn")
	if told := withdrawal(w, "kela"); !told.GetContinues() || !slices.Equal(told.GetHolders(), []string{"kela"}) || !told.GetByClient() {
		t.Errorf("kela is told %v", told)
	}
	view := w.View("kela", p)
	if w.Histories[p].Related("kela") || !view.Reader.IsSilenced() || len(view.State.Plan.GetGoals())+len(view.State.Plan.GetMembers()) > 0 ||
		view.State.Client != "" || view.State.Sender != nil {
		t.Errorf("kela sees %+v %v", view.State.Head, view.State.Plan)
	}
	if err := w.Try(people["kela"], p, &planv1.RecordClientViewRequest{}); fault.ReasonOf(err) != fault.NotFound {
		t.Errorf("kela goes on: %v", err)
	}
}

// The member that left acknowledges within three working days. It is told of nobody else's, and nobody of
// it who was not told of the withdrawal.
func TestLeavingMemberAcknowledges(t *testing.T) {
	w, p := onDuty(t, "kela", "terveys")
	rulestest.Must(t, w.Withdraw("", p, "kela"))
	joins(t, w, p, "tyo", byLaw)
	rulestest.Must(t, w.Withdraw("", p, "terveys"))
	w.Pass(5 * 24 * time.Hour)
	before := w.Histories[p].State.Departures
	rulestest.Must(t, w.AcknowledgeWithdrawal("kela", p))
	if len(before[0].Pending()) != 1 || !before[0].Overdue || !before[1].Erased {
		t.Errorf("the state before is changed: %+v", before)
	}
	rulestest.Must(t, w.AcknowledgeWithdrawal("terveys", p))
	for _, agency := range []string{"kela", "terveys", "tyo", "hva"} {
		if w.AcknowledgeWithdrawal(agency, p) == nil {
			t.Errorf("%s acknowledges what it need not", agency)
		}
	}
	for agency, want := range map[string]string{
		"kela":    "ConsentWithdrawn WithdrawalOverdue WithdrawalAcknowledged",
		"terveys": "ConsentWithdrawn WithdrawalOverdue WithdrawalAcknowledged",
		"tyo":     "ConsentWithdrawn WithdrawalOverdue WithdrawalAcknowledged",
		"hva":     "WithdrawalOverdue WithdrawalAcknowledged WithdrawalAcknowledged",
	} {
		if got := w.Disclosed(agency, p); !strings.HasSuffix(got, want) || strings.Count(got, "Acknowledged") != strings.Count(want, "Acknowledged") {
			t.Errorf("%s is shown %s", agency, got)
		}
	}
	for agency, want := range map[string][]string{"kela": {"kela"}, "terveys": {"terveys"}, "tyo": {"terveys"}, "hva": {"kela", "terveys"}} {
		for _, one := range w.Mail[agency] {
			if late, is := one.Event.Message.(*commonv1.WithdrawalOverdue); is && !slices.Equal(late.GetHolders(), want) {
				t.Errorf("%s is told that %v are late", agency, late.GetHolders())
			}
		}
	}
	if next := w.Histories[p].State.NextNotice(); !next.IsZero() {
		t.Errorf("the clock waits for %s", next)
	}
}

// A withdrawal without an agency ends every member's consent. Members by law and the creator stay,
// whatever the ground of the plan. A member that withdraws in the client's name has acknowledged thereby.
func TestAllMembersAreWithdrawn(t *testing.T) {
	for _, basis := range []*commonv1.LegalBasis{nil, duty} {
		w, p := onDuty(t)
		if basis != nil {
			created, err := begin(w.base, people["hva"], basis, rules.Facts{SocialServices: true})
			rulestest.Must(t, err)
			p = created
		}
		joins(t, w, p, "kela", rulestest.Consent(w.Now))
		joins(t, w, p, "tyo", byLaw)
		w.Take(t, people["hva"], p, "InviteMember") // terveys, which has not answered
		rulestest.Must(t, w.Withdraw("kela", p))
		state := w.Histories[p].State
		if has(state) != "hva tyo" || state.Ended() || !slices.Equal(withdrawal(w, "hva").GetHolders(), []string{"kela", "terveys"}) {
			t.Errorf("%v %v", state.Plan, withdrawal(w, "hva"))
		}
		if told := withdrawal(w, "terveys"); !slices.Equal(told.GetHolders(), []string{"terveys"}) || told.GetByClient() {
			t.Errorf("terveys is told %v", told)
		}
		if w.AcknowledgeWithdrawal("kela", p) == nil || w.AcknowledgeWithdrawal("terveys", p) != nil {
			t.Error("kela, which withdrew it, is to acknowledge, or terveys is not")
		}
		if err := w.Withdraw("", p); fault.ReasonOf(err) != fault.IllegalStep {
			t.Errorf("withdrawn again: %v", err)
		}
	}
}

// A consent that nobody has cannot be withdrawn.
func TestNobodyToWithdraw(t *testing.T) {
	w, p := onDuty(t)
	joins(t, w, p, "tyo", byLaw)
	for _, members := range [][]string{nil, {"hva"}, {"tyo"}, {"kela"}} {
		if err := w.Withdraw("", p, members...); fault.ReasonOf(err) != fault.IllegalStep {
			t.Errorf("of %v: %v", members, err)
		}
	}
}

// A plan in which no unit would be left ends, as one does that rests on consent.
func TestLastMemberIsWithdrawn(t *testing.T) {
	w, p := onDuty(t, "kela", "terveys")
	rulestest.Must(t, w.Try(people["hva"], p, &planv1.OfferResponsibilityRequest{To: people["kela"].Party()}))
	w.Take(t, people["kela"], p, "AcceptResponsibility")
	w.Take(t, people["hva"], p, "LeavePlan")
	rulestest.Must(t, w.Withdraw("", p, "kela"))
	if state := w.Histories[p].State; state.Ended() || state.Plan.GetResponsible().GetAgency() != "terveys" {
		t.Fatalf("%v", state.Plan)
	}
	rulestest.Must(t, w.Withdraw("", p))
	if state := w.Histories[p].State; state.Plan.GetState() != planv1.PlanState_PLAN_STATE_ENDED || state.Phase != commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN {
		t.Errorf("%v", state.Plan)
	}
	if told := withdrawal(w, "terveys"); told.GetContinues() || !slices.Equal(told.GetHolders(), []string{"terveys"}) {
		t.Errorf("terveys is told %v", told)
	}
	if strings.Count(w.Disclosed("kela", p), "ConsentWithdrawn") != 1 || strings.Contains(w.Disclosed("hva", p), "ConsentWithdrawn") {
		t.Errorf("kela is shown %s, hva %s", w.Disclosed("kela", p), w.Disclosed("hva", p))
	}
}

// A member that was withdrawn is invited on a new consent. It reads the plan as anybody else, and its new
// consent can be withdrawn too. Its earlier messages stay withdrawn.
func TestMemberIsInvitedOnNewConsent(t *testing.T) {
	w, p := onDuty(t, "kela")
	shares := []string{}
	for range 3 {
		reader := w.View("kela", p).Reader
		if shares = append(shares, reader.Share); !reader.OnConsent || !reader.Consent {
			t.Fatalf("kela takes part as %+v", reader)
		}
		rulestest.Must(t, w.Withdraw("", p, "kela"))
		w.Take(t, people["hva"], p, "AddGoal")
		w.Now = w.Now.Add(time.Hour)
		joins(t, w, p, "kela", rulestest.Consent(w.Now))
		if view := w.View("kela", p); !proto.Equal(view.State.Plan, w.Histories[p].State.Plan) || !w.Histories[p].Related("kela") {
			t.Fatalf("kela sees %v", view.State.Plan)
		}
		rulestest.Must(t, w.AcknowledgeWithdrawal("kela", p))
	}
	if slices.Sort(shares); len(slices.Compact(shares)) != 3 {
		t.Errorf("its consents have the keys %v", shares)
	}
	now := w.Rules.DisclosedNow(w.Histories[p].Events, w.Histories[p].Version, "kela")
	var names []string
	for _, one := range now {
		names = append(names, matter.NameOf(one.Event.Message))
	}
	const notice = "ConsentWithdrawn WithdrawalAcknowledged "
	if got := strings.Join(names, " "); got != strings.Repeat(notice, 2)+"ConsentWithdrawn MemberInvited MemberJoined WithdrawalAcknowledged" {
		t.Errorf("of its history it may now be shown %s", got)
	}
}

// An agency that left by itself or declined still holds a copy: it is told of the withdrawal and
// acknowledges. One that was withdrawn is not told of another withdrawal.
func TestEarlierMembersAreWithdrawn(t *testing.T) {
	w, p := onDuty(t, "kela", "terveys")
	w.Take(t, people["terveys"], p, "LeavePlan")
	rulestest.Must(t, w.Try(people["hva"], p, &planv1.InviteMemberRequest{Party: matter.UnitAlone(people["tyo"].Party()), Basis: rulestest.Consent(w.Now)}))
	w.Take(t, people["tyo"], p, "DeclineInvitation")
	rulestest.Must(t, w.Withdraw("", p, "terveys"))
	w.Now = w.Now.Add(time.Second)
	rulestest.Must(t, w.Withdraw("", p))
	for agency, want := range map[string][]string{"kela": {"kela"}, "terveys": {"terveys"}, "tyo": {"tyo"}, "hva": {"kela", "tyo"}} {
		told := withdrawal(w, agency)
		if !slices.Equal(told.GetHolders(), want) || slices.Contains([]string{"terveys", "tyo"}, agency) && strings.Count(w.Disclosed(agency, p), "ConsentWithdrawn") != 1 {
			t.Errorf("%s is told %v of %s", agency, told, w.Disclosed(agency, p))
		}
	}
}

// An agency of which another unit takes part by law needs no consent, and stays whole.
func TestAgencyWithUnitByLawStays(t *testing.T) {
	w, p := onDuty(t, "kela")
	other := &commonv1.Party{Agency: "kela", Unit: "vammaisetuudet"}
	rulestest.Must(t, w.Try(people["hva"], p, &planv1.InviteMemberRequest{Party: other, Basis: byLaw}))
	if err := w.Withdraw("", p); fault.ReasonOf(err) != fault.IllegalStep {
		t.Error(err)
	}
}

// A plan of another creator, or of a version that did not record the rule, ends when the consent is
// withdrawn, for all its parties.
func TestOtherPlansEnd(t *testing.T) {
	w, p := shared(t)
	if err := w.Withdraw("", p, "terveys"); err != nil {
		t.Fatal(err) // whoever is meant: one consent carries it
	}
	state := w.Histories[p].State
	if state.Plan.GetState() != planv1.PlanState_PLAN_STATE_ENDED || withdrawal(w, "hva").GetContinues() || !w.View("hva", p).Reader.IsSilenced() {
		t.Errorf("%v", state.Plan)
	}
	if err := w.Withdraw("", p); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("withdrawn twice: %v", err)
	}
}

// Whose consents else are withdrawn from a plan, who is invited then and who acknowledges, does not show
// in anything that is disclosed to an agency that left by a withdrawal.
func TestWithdrawnMemberIsToldOfItselfAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		with := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"kela", "tyo"}), rapid.ID[string]).Draw(t, "withdrawn with it")
		after := rapid.SampledFrom([]string{"kela", "tyo", ""}).Draw(t, "withdrawn later")
		acknowledges := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"kela", "tyo"}), rapid.ID[string]).Draw(t, "acknowledge")
		again, own := rapid.Bool().Draw(t, "invited again"), rapid.Bool().Draw(t, "it acknowledges")
		by := rapid.SampledFrom([]string{"", "hva"}).Draw(t, "withdrawn by")
		days := rapid.IntRange(0, 9).Draw(t, "days")
		build := func(quiet bool) *fixture {
			w, p := onDuty(t, "terveys")
			joins(t, w, p, "kela", rulestest.Consent(w.Now))
			joins(t, w, p, "tyo", rulestest.Consent(w.Now))
			w.Now = w.Now.Add(time.Hour)
			if quiet {
				must(t, w.Withdraw(by, p, "terveys"))
			} else {
				must(t, w.Withdraw(by, p, append(with, "terveys")...))
			}
			if own {
				must(t, w.AcknowledgeWithdrawal("terveys", p))
			}
			if !quiet {
				if after != "" {
					_ = w.Withdraw("", p, after)
				}
				for _, agency := range acknowledges {
					_ = w.AcknowledgeWithdrawal(agency, p)
				}
				if again {
					_ = w.Try(people["hva"], p, &planv1.InviteMemberRequest{Party: matter.UnitAlone(people["kela"].Party()), Basis: rulestest.Consent(w.Now)})
				}
			}
			w.Pass(time.Duration(days) * 24 * time.Hour)
			return w
		}
		if a, b := knownTo(build(true), "terveys"), knownTo(build(false), "terveys"); a != b {
			t.Fatalf("a member that left is shown, if nobody else did:\n%s\nand if somebody did:\n%s", a, b)
		}
	})
}
