// Package concern is the concern service: an agency reports to another that a person seems to need
// help, and learns what became of its report. The rules are in internal/rules; this package connects
// them to the callers, the directory and the journal.
package concern

import (
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/service"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// Name is the name of the service in case messages and cursors.
const Name = "concern"

// Service implements ConcernService, and ExchangeService for the service's own messages.
type Service struct {
	concernv1.UnimplementedConcernServiceServer
	*kernel
}

// kernel is the part that all services share.
type kernel = service.Service[rules.Concern]

// New makes the service. The caller must also call Run.
func New(deps service.Deps) (*Service, error) {
	made, err := service.New(deps, service.Config[rules.Concern]{
		Rules: Rules(), Collection: rules.Collection, Accepts: concernv1.ConcernService_ServiceDesc.ServiceName,
		Message:     func(shown reading.Shown[rules.Concern]) proto.Message { return (*Service)(nil).whole(shown) },
		Responsible: func(c rules.Concern) string { return rules.MayContact(c).GetAgency() },
		Describe:    rules.Describe,
	})
	return &Service{kernel: made}, err
}

// Rules returns the rules for concerns in the form that the engine takes.
func Rules() command.Rules[rules.Concern] {
	return command.Rules[rules.Concern]{
		Service: Name, Evolve: rules.Evolve, Readers: rules.Readers, Disclose: rules.Disclose, Disclosures: rules.Disclosures, Provisions: rules.Provisions,
		Always: rules.Table.Admitted(matter.Always), Finishes: rules.Table.Admitted(matter.Finishes), Disclosed: rules.Disclosed,
		Status: rules.Status, Expected: rules.Expected, WorklistEntry: rules.WorklistEntry, Named: rules.Named, Shared: rules.Shared, Counters: rules.Counters, NextCheck: rules.NextCheck, Overdue: rules.Overdue, Later: rules.Later, Related: rules.Related,
		Number: func(c rules.Concern) int32 { return int32(c.State) }, Held: rules.Held,
	}
}
