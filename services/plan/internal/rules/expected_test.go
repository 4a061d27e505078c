package rules_test

import (
	"testing"
	"time"

	"koppi.internal/pkg/command/rulestest"
)

// The client of a plan is told one thing to expect in each state, and from whom.
func TestClientKnowsWhatToExpect(t *testing.T) {
	for name, test := range map[string]struct {
		steps []string
		pass  time.Duration
		want  string
	}{
		"draft":           {nil, 0, "REVIEW by 23.2.2027 23.59 from hva/tyoikaiset"},
		"invited":         {[]string{"AddGoal", "InviteMember"}, 0, "REVIEW by 23.2.2027 23.59 from hva/tyoikaiset"},
		"active":          {[]string{"AddGoal", "StartPlan"}, 0, "REVIEW by 23.2.2027 23.59 from hva/tyoikaiset"},
		"with an action":  {[]string{"AddGoal", "StartPlan", "AddAction"}, 100 * time.Hour, "REVIEW by 23.2.2027 23.59 from hva/tyoikaiset"},
		"contact planned": {[]string{"PlanContact"}, 0, "APPOINTMENT by 23.11.2026 10.00 from hva/tyoikaiset"},
		"contact lapsed":  {[]string{"PlanContact"}, 26 * time.Hour, "REVIEW by 23.2.2027 23.59 from hva/tyoikaiset"},
		"review moved":    {[]string{"ScheduleReview"}, 0, "REVIEW by 24.11.2026 09.00 from hva/tyoikaiset"},
		"under review":    {[]string{"AddGoal", "StartPlan", "ScheduleReview", "StartReview"}, 25 * time.Hour, "REVIEW by 24.11.2026 09.00 from hva/tyoikaiset, late"},
		"reviewed":        {[]string{"AddGoal", "StartPlan", "ScheduleReview", "StartReview", "CompleteReview"}, 0, "REVIEW by 23.2.2027 23.59 from hva/tyoikaiset"},
		"ended":           {[]string{"EndPlan"}, 0, "NOTHING"},
		"in error":        {[]string{"RevokePlan"}, 0, "NOTHING"},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := created(t)
			for _, step := range test.steps {
				w.Take(t, people["hva"], p, step)
			}
			w.Pass(test.pass)
			w.ExpectClient(t, p, test.want)
		})
	}
	w, p := created(t)
	rulestest.Must(t, w.Withdraw("", p))
	w.ExpectClient(t, p, "NOTHING")
}
