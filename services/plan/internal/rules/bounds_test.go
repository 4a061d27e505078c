package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	"koppi.internal/services/plan/internal/rules"
)

// A plan of any accepted size can be read, disclosed, passed on and ended.
func TestBounds(t *testing.T) {
	rulestest.Bounded(t, func() *base { return newFixture().base }, func(w *base) (string, error) {
		return create(w, people["hva"])
	}, func(view matter.View[rules.Plan], actor matter.Actor) proto.Message { return rules.ToPlan(view, actor) })
}
