// Package plan is the plan service: a plan for one client that several agencies share. The rules
// are in internal/rules; this package connects them to the callers, the directory and the journal.
package plan

import (
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/service"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// Name is the name of the service in case messages and cursors.
const Name = "plan"

// Service implements PlanService, and ExchangeService for the service's own messages.
type Service struct {
	planv1.UnimplementedPlanServiceServer
	*kernel
}

// kernel is the part that all services share.
type kernel = service.Service[rules.Plan]

// New makes the service. The caller must also call Run.
func New(deps service.Deps) (*Service, error) {
	made, err := service.New(deps, service.Config[rules.Plan]{
		Rules: Rules(), Collection: rules.Collection, Accepts: planv1.PlanService_ServiceDesc.ServiceName,
		Message:     func(shown reading.Shown[rules.Plan]) proto.Message { return (*Service)(nil).whole(shown) },
		Responsible: func(p rules.Plan) string { return p.Plan.GetResponsible().GetAgency() },
	})
	return &Service{kernel: made}, err
}

// Rules returns the rules for plans in the form that the engine takes.
func Rules() command.Rules[rules.Plan] {
	return command.Rules[rules.Plan]{
		Service: Name, Evolve: rules.Evolve, Readers: rules.Readers, Disclose: rules.Disclose, Disclosures: rules.Disclosures, Provisions: rules.Provisions,
		Always: rules.Table.Admitted(matter.Always), Finishes: rules.Table.Admitted(matter.Finishes),
		Consents: rules.Consents,
		Status:   rules.Status, Expected: rules.Expected, WorklistEntry: rules.WorklistEntry, Named: rules.Named, Shared: rules.Shared, Counters: rules.Counters, NextCheck: rules.NextCheck, Overdue: rules.Overdue,
		Number: func(p rules.Plan) int32 { return int32(p.Plan.GetState()) },
	}
}
