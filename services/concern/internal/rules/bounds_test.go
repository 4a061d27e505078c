package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	"koppi.internal/services/concern/internal/rules"
)

// However much is said in one, it can be read, told, passed on and ended.
func TestBounds(t *testing.T) {
	rulestest.Bounded(t, func() *plain { return newTown().plain }, func(w *plain) (string, error) {
		return (&town{w}).submit("kela", "hva", "anna", consent(w.Now))
	}, func(view matter.View[rules.Concern], actor matter.Actor) proto.Message {
		return rules.ToConcern(view.State, view.Reader, actor)
	})
}
