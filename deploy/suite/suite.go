// Package suite lists the services of Koppi. A new service is added here and in gateway/suite.
package suite

import (
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/service/program"
	"koppi.internal/services/concern"
	"koppi.internal/services/consultation"
	"koppi.internal/services/plan"
	"koppi.internal/services/referral"
)

// Service is one service of the suite.
type Service struct {
	// Name as messages and cursors carry it.
	Name string
	New  func(service.Deps) (program.Service, error)
}

// Services of the suite, in the order in which a matter usually meets them.
var Services = []Service{
	{concern.Name, func(deps service.Deps) (program.Service, error) { return concern.New(deps) }},
	{referral.Name, func(deps service.Deps) (program.Service, error) { return referral.New(deps) }},
	{consultation.Name, func(deps service.Deps) (program.Service, error) { return consultation.New(deps) }},
	{plan.Name, func(deps service.Deps) (program.Service, error) { return plan.New(deps) }},
}

// Names of the services, in the same order.
func Names() []string {
	var names []string
	for _, service := range Services {
		names = append(names, service.Name)
	}
	return names
}
