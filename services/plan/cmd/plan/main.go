// Command plan runs the plan service in a process of its own.
package main

import (
	"context"

	"koppi.internal/pkg/process"
	"koppi.internal/pkg/service"
	"koppi.internal/services/plan"
)

func main() {
	process.Main(plan.Name, "The plan service: one plan for one client, shared by several agencies.", func(ctx context.Context, config *process.Service) error {
		return config.Run(ctx, plan.Name, func(deps service.Deps) (process.Built, error) { return plan.New(deps) })
	})
}
