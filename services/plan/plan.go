// Package plan is the plan service: one client, one plan, several agencies. The rules
// are in internal/rules; here they meet callers, directory and journal.
package plan

import (
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/decide"
	"koppi.internal/pkg/matter"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	"koppi.internal/services/plan/internal/rules"
)

// Name of the service, as case messages and cursors carry it.
const Name = "plan"

// Service answers PlanService and, for its own messages, ExchangeService.
type Service struct {
	planv1.UnimplementedPlanServiceServer
	*kernel
}

// kernel is what all services are made of.
type kernel = matter.Kernel[rules.Plan]

// New makes the service. Run must run beside it.
func New(deps matter.Deps) (*Service, error) {
	made, err := matter.New(deps, matter.Config[rules.Plan]{
		Rules: Rules(), Collection: rules.Collection, Accepts: planv1.PlanService_ServiceDesc.ServiceName,
		Message:     func(shown matter.Shown[rules.Plan]) proto.Message { return (*Service)(nil).whole(shown) },
		Responsible: func(p rules.Plan) string { return p.Plan.GetResponsible().GetAgency() },
	})
	return &Service{kernel: made}, err
}

// Rules are the plan's rules as the engine takes them.
func Rules() decide.Rules[rules.Plan] {
	return decide.Rules[rules.Plan]{
		Service: Name, Evolve: rules.Evolve, Readers: rules.Readers, Disclose: rules.Disclose, Disclosures: rules.Disclosures, Provisions: rules.Provisions,
		Always: rules.Always, Finishes: rules.Finishes,
		Status: rules.Status, WorklistEntry: rules.WorklistEntry, Shared: rules.Shared, Counters: rules.Counters, NextCheck: rules.NextCheck, Overdue: rules.Overdue,
		Number: func(p rules.Plan) int32 { return int32(p.Plan.GetState()) },
	}
}

// Register adds the service's handlers to a server.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	planv1.RegisterPlanServiceServer(server, s)
	s.kernel.Register(server)
}
