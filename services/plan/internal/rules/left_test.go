package rules_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
	"koppi.internal/services/plan/internal/rules"
)

// Who has left a plan is told nothing of what others do then: not who is invited, nor,
// where consent is withdrawn or the plan was entered in error, who else must acknowledge,
// who did and who is late. Two plans that differ in that alone are equal to it, to the
// byte, whatever its relation to the plan is by then.
func TestWhoLeftIsToldOfItselfAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		invited := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"kela", "tyo"}), rapid.ID[string]).Draw(t, "invited since")
		joins := rapid.Bool().Draw(t, "and joined")
		acknowledges := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"kela", "tyo", "hva"}), rapid.ID[string]).Draw(t, "acknowledge")
		own := rapid.Bool().Draw(t, "it acknowledges too")
		revoked := rapid.Bool().Draw(t, "entered in error")
		days := rapid.IntRange(0, 9).Draw(t, "days")
		after := func(invited, acknowledges []string) *town {
			w, p := left(t)
			for _, agency := range invited {
				must(t, w.Try(people["hva"], p, w.Request(p, "InviteMember", people[agency])))
				if joins {
					must(t, w.Try(people[agency], p, w.Request(p, "JoinPlan", people[agency])))
				}
			}
			// The clock stands where it would without them.
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
			t.Fatalf("who left is told where nobody came:\n%s\nand where somebody did:\n%s", a, b)
		}
	})
}

// left is a plan of hva's that terveys had joined and has left.
func left(t *rapid.T) (*town, string) {
	w := newTown()
	p, err := create(w.plain, people["hva"])
	must(t, err)
	for _, one := range []struct{ agency, step string }{{"hva", "InviteMember"}, {"terveys", "JoinPlan"}, {"terveys", "LeavePlan"}} {
		must(t, w.Try(people[one.agency], p, w.Request(p, one.step, people["terveys"])))
	}
	return w, p
}

// finish takes the client's consent back, or enters the plan in error.
func finish(t *rapid.T, w *town, p string, revoked bool) {
	if !revoked {
		must(t, w.Withdraw("", p))
		return
	}
	must(t, w.Try(people["hva"], p, w.Request(p, "RevokePlan", people["hva"])))
	must(t, w.Append(w.Rules.FallenDue(w.World(), p, w.Now)))
}

func acknowledge(w *town, p, agency string, revoked bool) error {
	if !revoked {
		return w.AcknowledgeWithdrawal(agency, p)
	}
	return w.Try(people[agency], p, w.Request(p, "AcknowledgeRevocation", people[agency]))
}

// knownTo is all that an agency was told, and its view, as text without ids.
func knownTo(w *town, agency string) string {
	text := ""
	for _, told := range w.Mail[agency] {
		text += fmt.Sprintf("%d %s %v by %v at %s withheld %v\n", told.View.Version, matter.NameOf(told.Event.Message), told.Event.Message, told.Event.By, told.Event.At, told.Withheld)
	}
	for _, subject := range w.Subjects() {
		view := w.View(agency, subject)
		head := view.State.Common()
		text += fmt.Sprintf("%d %+v %v %+v %+v %v", view.Version, view.Reader, rules.Status(view.State, view.Reader), head.Withdrawal, head.Revocation, view.State.Plan)
	}
	return text
}

func must(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}
