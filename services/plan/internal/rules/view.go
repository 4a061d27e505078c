package rules

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/matter"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// Long are the lists of a plan that grow with its events.
var Long = []protoreflect.Name{"goals", "actions", "client_views"}

// ToPlan returns the plan as its caller reads it: what the caller's agency has been shown, and the
// steps that the caller may take. The handler adds pseudonyms, etag and delivered.
func ToPlan(view matter.View[Plan], actor matter.Actor) *planv1.Plan {
	p := view.State
	plan := proto.CloneOf(p.Plan)
	plan.PlanId, plan.Status = ID(p.Subject), Status(p, view.Reader)
	plan.AvailableActions, plan.Revocation = Allowed(view, actor), p.Revocation.Message()
	if p.Ended() {
		plan.Responsible, plan.SocialWorker = nil, nil
	}
	for _, item := range p.Items() {
		if action := action(plan, item.What[min(len(actionPrefix), len(item.What)):]); action != nil {
			action.Overdue = p.isLate(item)
		}
	}
	return plan
}
