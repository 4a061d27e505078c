package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	"koppi.internal/services/consultation/internal/rules"
)

// A consultation of any accepted size can be read, disclosed, passed on and ended.
func TestBounds(t *testing.T) {
	rulestest.Bounded(t, func() *base { return newFixture().base }, func(w *base) (string, error) {
		return ask(w, people["kela"], people["hva"], "anna", commonv1.Urgency_URGENCY_NORMAL)
	}, func(view matter.View[rules.Consultation], actor matter.Actor) proto.Message {
		return rules.ToConsultation(view, actor)
	})
}
