package rules_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

const (
	noNeed     = concernv1.SupportNeed_SUPPORT_NEED_UNSPECIFIED
	light      = concernv1.SupportNeed_SUPPORT_NEED_LIGHT
	special    = concernv1.SupportNeed_SUPPORT_NEED_SPECIAL
	notEngaged = concernv1.SupportNeed_SUPPORT_NEED_SPECIAL_NOT_ENGAGED
)

// triaged lets a social counsellor, who is no social worker, record a need of support.
func (w *fixture) triaged(t *testing.T, subject string, need concernv1.SupportNeed) {
	t.Helper()
	must(t, w.Try(rulestest.Colleague, subject, &concernv1.TriageConcernRequest{SupportNeed: need}))
}

// Only a social worker completes the assessment of a client in need of special support, whether triage
// recorded the need or the request does. The step is not offered to others while the need stands.
func TestSpecialSupportIsAssessedByASocialWorker(t *testing.T) {
	worker, counsellor := people["hva"], rulestest.Colleague
	for name, test := range map[string]struct {
		standing, requested concernv1.SupportNeed
		offered, refused    bool
	}{
		"no need":                               {noNeed, light, true, false},
		"no need, none requested":               {noNeed, noNeed, true, false},
		"special support requested":             {noNeed, special, true, true},
		"without contact, requested":            {light, notEngaged, true, true},
		"special support standing":              {special, noNeed, false, true},
		"standing, and a lighter one requested": {notEngaged, light, false, true},
		"both":                                  {special, special, false, true},
	} {
		for _, actor := range []matter.Actor{worker, counsellor} {
			w, c := reported(t, consent, take, assess)
			w.triaged(t, c, test.standing)
			offered, refused := true, fault.Reason("")
			if actor == counsellor {
				offered = test.offered
				if test.refused {
					refused = fault.ProfessionNotAllowed
				}
			}
			if slices.Contains(rules.Allowed(w.View("hva", c), actor), assessed) != offered {
				t.Errorf("%s: offered to the %s: %v", name, actor.Role, !offered)
			}
			err := w.Try(actor, c, &concernv1.CompleteAssessmentRequest{SupportNeed: test.requested})
			if fault.ReasonOf(err) != refused {
				t.Errorf("%s: completed by the %s: %v", name, actor.Role, err)
			}
			if refused != "" && err != nil && !strings.Contains(err.Error(), "record the need by triage and hand the concern to a social worker") {
				t.Errorf("%s: no advice: %v", name, err)
			}
			if got, want := w.Histories[c].State.SupportNeed, cmp.Or(test.requested, test.standing); refused == "" && got != want {
				t.Errorf("%s: the need is %s", name, got)
			}
		}
	}
}

func TestAssessmentOfSpecialSupportIsBegunByASocialWorker(t *testing.T) {
	for _, need := range []concernv1.SupportNeed{special, notEngaged} {
		w, c := reported(t, consent, take)
		w.triaged(t, c, need)
		if err := w.Try(rulestest.Colleague, c, &concernv1.StartAssessmentRequest{}); fault.ReasonOf(err) != fault.ProfessionNotAllowed {
			t.Error(err)
		}
		w.take(t, "hva", c, assess)
	}
}

// A worker of another profession who has begun the assessment, and finds a need of special support,
// records it by triage and reassigns the concern to a social worker, who completes the assessment.
func TestAssessmentBegunByAnotherProfessionIsHandedOver(t *testing.T) {
	w, c := reported(t, consent)
	counsellor := rulestest.Colleague
	w.Take(t, counsellor, c, take)
	w.Take(t, counsellor, c, assess)
	complete := &concernv1.CompleteAssessmentRequest{SupportNeed: special}
	if err := w.Try(counsellor, c, complete); fault.ReasonOf(err) != fault.ProfessionNotAllowed {
		t.Errorf("completed by the counsellor: %v", err)
	}
	w.triaged(t, c, special)
	if err := w.Try(counsellor, c, &concernv1.CompleteAssessmentRequest{}); fault.ReasonOf(err) != fault.ProfessionNotAllowed {
		t.Errorf("completed by the counsellor after triage: %v", err)
	}
	if allowed := rules.Allowed(w.View("hva", c), counsellor); !slices.Contains(allowed, "ReassignConcern") || slices.Contains(allowed, assessed) {
		t.Errorf("the counsellor may take %v", allowed)
	}
	must(t, w.Try(counsellor, c, &concernv1.ReassignConcernRequest{To: people["hva"].Party(), Reason: "erityinen tuki"}))
	must(t, w.step("hva", c, complete))
	if state := w.Histories[c].State; state.State != concernv1.ConcernState_CONCERN_STATE_ASSESSED || state.SupportNeed != special {
		t.Errorf("%s with %s", state.State, state.SupportNeed)
	}
}

// After a triage that finds no need of special support any more, any profession completes the assessment.
func TestNeedThatNoLongerStands(t *testing.T) {
	w, c := reported(t, consent, take, assess)
	w.triaged(t, c, special)
	w.triaged(t, c, light)
	must(t, w.Try(rulestest.Colleague, c, &concernv1.CompleteAssessmentRequest{}))
}

// supportNeed returns a random need, often none.
func supportNeed(t *rapid.T) concernv1.SupportNeed {
	return rapid.SampledFrom([]concernv1.SupportNeed{noNeed, noNeed, light, special, notEngaged}).Draw(t, "need")
}

// checkAssessors checks that only social workers completed the assessment of a client in need of special
// support. What was recorded on a report that joined another is the step of the other.
func checkAssessors(t *rapid.T, changed map[string]matter.History[rules.Concern]) {
	isSpecial := func(need concernv1.SupportNeed) bool { return need == special || need == notEngaged }
	joined := func(e matter.Event) bool { return matter.NameOf(e.Message) == "ConcernJoined" }
	for subject, history := range changed {
		if slices.ContainsFunc(history.Events, joined) {
			continue
		}
		need := noNeed
		for _, e := range history.Events {
			switch m := e.Message.(type) {
			case *concernv1.ConcernTriaged:
				need = cmp.Or(m.GetSupportNeed(), need)
			case *concernv1.AssessmentCompleted:
				if (isSpecial(need) || isSpecial(m.GetSupportNeed())) && !slices.ContainsFunc(rulestest.Everybody(), func(a matter.Actor) bool {
					return a.Worker == e.By.GetWorker() && a.IsSocialWorker()
				}) {
					t.Fatalf("%v completed the assessment of %s with %s and %s", e.By, subject, need, m.GetSupportNeed())
				}
				need = cmp.Or(m.GetSupportNeed(), need)
			}
		}
	}
}
