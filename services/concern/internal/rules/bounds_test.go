package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	"koppi.internal/services/concern/internal/rules"
)

// A concern of any accepted size can be read, disclosed, passed on and ended.
func TestBounds(t *testing.T) {
	rulestest.Bounded(t, func() *base { return newFixture().base }, func(w *base) (string, error) {
		return (&fixture{w}).submit("kela", "hva", "anna", consent(w.Now))
	}, func(view matter.View[rules.Concern], actor matter.Actor) proto.Message {
		return rules.ToConcern(view.State, view.Reader, actor)
	})
}
