package rules_test

import (
	"testing"

	"koppi.internal/pkg/command/rulestest"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// The client whom a consultation is about is told one thing to expect in each state, and from whom.
func TestClientKnowsWhatToExpect(t *testing.T) {
	for name, test := range map[string]struct {
		urgency commonv1.Urgency
		steps   []string
		want    string
	}{
		"open":            {commonv1.Urgency_URGENCY_NORMAL, nil, "OPENING by 23.11.2026 13.00 from kela/toimeentulotuki"},
		"emergency":       {commonv1.Urgency_URGENCY_EMERGENCY, nil, "OPENING by 23.11.2026 09.15 from kela/toimeentulotuki"},
		"taken":           {commonv1.Urgency_URGENCY_NORMAL, []string{take}, "OTHERS_ANSWER by 24.11.2026 23.59 from hva/tyoikaiset"},
		"taken, at once":  {commonv1.Urgency_URGENCY_EMERGENCY, []string{take}, "OTHERS_ANSWER by 23.11.2026 10.00 from hva/tyoikaiset"},
		"answered":        {commonv1.Urgency_URGENCY_NORMAL, []string{take, answer}, "WORD by 30.11.2026 23.59 from hva/tyoikaiset"},
		"closed":          {commonv1.Urgency_URGENCY_NORMAL, []string{take, answer, closing}, "NOTHING"},
		"in error":        {commonv1.Urgency_URGENCY_NORMAL, []string{revoke}, "NOTHING"},
		"without consent": {commonv1.Urgency_URGENCY_NORMAL, []string{"withdraw"}, "NOTHING"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture()
			c, err := ask(w.base, people["kela"], people["hva"], "anna", test.urgency)
			rulestest.Must(t, err)
			for _, step := range test.steps {
				switch step {
				case "withdraw":
					rulestest.Must(t, w.Withdraw("", c))
				case revoke, closing:
					w.Take(t, people["kela"], c, step)
				default:
					w.Take(t, people["hva"], c, step)
				}
			}
			w.ExpectClient(t, c, test.want)
		})
	}
}
