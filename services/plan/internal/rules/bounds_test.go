package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	"koppi.internal/services/plan/internal/rules"
)

// However much is said in one, it can be read, told, passed on and ended.
func TestBounds(t *testing.T) {
	rulestest.Bounded(t, func() *plain { return newTown().plain }, func(w *plain) (string, error) {
		return create(w, people["hva"])
	}, func(view matter.View[rules.Plan], actor matter.Actor) proto.Message { return rules.ToPlan(view, actor) })
}
