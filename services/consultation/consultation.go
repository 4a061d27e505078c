// Package consultation is the consultation service: a worker asks another agency's worker for
// advice, about a client or without naming one, and gets an answer while it still helps. The rules
// are in internal/rules; this package connects them to the callers, the directory and the journal,
// and connects the callers of a live conversation to each other.
package consultation

import (
	"context"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/service"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	"koppi.internal/services/consultation/internal/rules"
)

// Name is the name of the service in case messages and cursors.
const Name = "consultation"

// Service implements ConsultationService, and ExchangeService for the service's own messages.
type Service struct {
	consultationv1.UnimplementedConsultationServiceServer
	*kernel

	// drained is closed when the process ends. Callers then continue their conversations on another
	// process.
	drained chan struct{}
}

// kernel is the part that all services share.
type kernel = service.Service[rules.Consultation]

// New makes the service. The caller must also call Run.
func New(deps service.Deps) (*Service, error) {
	made, err := service.New(deps, service.Config[rules.Consultation]{
		Rules: Rules(), Collection: rules.Collection, Accepts: consultationv1.ConsultationService_ServiceDesc.ServiceName,
		Message:     func(shown reading.Shown[rules.Consultation]) proto.Message { return (*Service)(nil).whole(shown) },
		Responsible: func(c rules.Consultation) string { return rules.Responsible(c).GetAgency() },
	})
	return &Service{kernel: made, drained: make(chan struct{})}, err
}

// Run runs the kernel, and ends the live conversations when it ends.
func (s *Service) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { close(s.drained) })
	defer stop()
	return s.kernel.Run(ctx)
}

// Rules returns the rules for consultations in the form that the engine takes.
func Rules() command.Rules[rules.Consultation] {
	return command.Rules[rules.Consultation]{
		Service: Name, Evolve: rules.Evolve, Readers: rules.Readers, Disclose: rules.Disclose, Disclosures: rules.Disclosures, Provisions: rules.Provisions,
		Always: rules.Table.Admitted(matter.Always), Finishes: rules.Table.Admitted(matter.Finishes),
		Status: rules.Status, Expected: rules.Expected, WorklistEntry: rules.WorklistEntry, Shared: rules.Shared, Counters: rules.Counters, NextCheck: rules.NextCheck, Overdue: rules.Overdue,
		Number: func(c rules.Consultation) int32 { return int32(c.State()) },
	}
}
