package rules_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	"koppi.internal/services/plan/internal/rules"
)

// Nothing that others do is disclosed to an agency that has left a plan: not who is invited, nor, after
// consent is withdrawn or the plan was entered in error, who else must acknowledge, who has, and who is
// late. Two plans that differ only in that disclose the same bytes to the agency.
func TestWhoLeftIsToldOfItselfAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		invited := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"kela", "tyo"}), rapid.ID[string]).Draw(t, "invited since")
		joins := rapid.Bool().Draw(t, "and joined")
		acknowledges := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"kela", "tyo", "hva"}), rapid.ID[string]).Draw(t, "acknowledge")
		own := rapid.Bool().Draw(t, "it acknowledges too")
		revoked := rapid.Bool().Draw(t, "entered in error")
		days := rapid.IntRange(0, 9).Draw(t, "days")
		after := func(invited, acknowledges []string) *fixture {
			w, p := left(t)
			for _, agency := range invited {
				must(t, w.Try(people["hva"], p, w.Request(p, "InviteMember", people[agency])))
				if joins {
					must(t, w.Try(people[agency], p, w.Request(p, "JoinPlan", people[agency])))
				}
			}
			finish(t, w, p, revoked)
			if own {
				must(t, acknowledge(w, p, "terveys", revoked))
			}
			for _, agency := range acknowledges {
				_ = acknowledge(w, p, agency, revoked)
			}
			w.Pass(time.Duration(days) * 24 * time.Hour)
			return w
		}
		a, b := knownTo(after(nil, nil), "terveys"), knownTo(after(invited, acknowledges), "terveys")
		if a != b {
			t.Fatalf("an agency that left is shown, if nobody joined:\n%s\nand if somebody did:\n%s", a, b)
		}
	})
}

// Earlier versions recorded a nameless agency as the only holder of a plan that was entered in error
// after its consent was withdrawn. Its members, one that had left included, can acknowledge it; its
// creator, which revoked it, need not, whoever withdrew the consent.
func TestNamelessHolderOfEarlierVersions(t *testing.T) {
	for _, withdrew := range []string{"", "hva", "kela"} {
		rapid.Check(t, func(t *rapid.T) {
			w, p := left(t)
			must(t, w.Try(people["hva"], p, w.Request(p, "InviteMember", people["kela"])))
			must(t, w.Withdraw(withdrew, p))
			revoked := matter.ByClock(w.Histories[p].State.Head, w.Now, &commonv1.EnteredInError{Reason: "väärä henkilö", LeftApart: true, Holders: []string{""}})
			revoked.By = people["hva"].Party()
			must(t, w.Append([]matter.Event{revoked}))
			for _, agency := range rapid.Permutation([]string{"kela", "terveys"}).Draw(t, "acknowledge") {
				must(t, acknowledge(w, p, agency, true))
			}
			if pending := w.Histories[p].State.Revocation.Pending(); len(pending) > 0 || acknowledge(w, p, "hva", true) == nil {
				t.Fatalf("withdrawn by %q, the plan still waits for %q", withdrew, pending)
			}
		})
	}
}

// left returns a plan of hva that terveys joined and has left.
func left(t *rapid.T) (*fixture, string) {
	w := newFixture()
	p, err := create(w.base, people["hva"])
	must(t, err)
	for _, one := range []struct{ agency, step string }{{"hva", "InviteMember"}, {"terveys", "JoinPlan"}, {"terveys", "LeavePlan"}} {
		must(t, w.Try(people[one.agency], p, w.Request(p, one.step, people["terveys"])))
	}
	return w, p
}

// finish withdraws the client's consent, or enters the plan in error.
func finish(t *rapid.T, w *fixture, p string, revoked bool) {
	if !revoked {
		must(t, w.Withdraw("", p))
		return
	}
	must(t, w.Try(people["hva"], p, w.Request(p, "RevokePlan", people["hva"])))
	must(t, w.Append(w.Rules.FallenDue(w.World(), p, w.Now)))
}

func acknowledge(w *fixture, p, agency string, revoked bool) error {
	if !revoked {
		return w.AcknowledgeWithdrawal(agency, p)
	}
	return w.Try(people[agency], p, w.Request(p, "AcknowledgeRevocation", people[agency]))
}

// knownTo returns all that was disclosed to an agency, and its view, as text without ids.
func knownTo(w *fixture, agency string) string {
	text := ""
	for _, one := range w.Mail[agency] {
		text += fmt.Sprintf("%d %s %v by %v at %s withheld %v\n", one.View.Version, matter.NameOf(one.Event.Message), one.Event.Message, one.Event.By, one.Event.At, one.Withheld)
	}
	for _, subject := range w.Subjects() {
		view := w.View(agency, subject)
		head := view.State.Common()
		text += fmt.Sprintf("%d %+v %v %+v %+v %v", view.Version, view.Reader, rules.Status(view.State, view.Reader), head.Withdrawal, head.Revocation, view.State.Plan)
	}
	return text
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
