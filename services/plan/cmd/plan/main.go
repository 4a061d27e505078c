// Command plan runs the plan service in a process of its own.
package main

import (
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/service/program"
	"koppi.internal/services/plan"
)

func main() {
	program.Main(plan.Name, "The plan service: one plan for one client, shared by several agencies.",
		func(deps service.Deps) (program.Service, error) { return plan.New(deps) })
}
