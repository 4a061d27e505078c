package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	"koppi.internal/services/referral/internal/rules"
)

// A referral of any accepted size can be read, disclosed, passed on and ended.
func TestBounds(t *testing.T) {
	rulestest.Bounded(t, func() *base { return newFixture().base }, func(w *base) (string, error) {
		return (&fixture{w}).send("kela", "hva", service, commonv1.Urgency_URGENCY_NORMAL)
	}, func(view matter.View[rules.Referral], actor matter.Actor) proto.Message {
		return rules.ToReferral(view, actor)
	})
}
