// Command concern runs the concern service in a process of its own.
package main

import (
	"context"

	"koppi.internal/pkg/process"
	"koppi.internal/pkg/service"
	"koppi.internal/services/concern"
)

func main() {
	process.Main(concern.Name, "The concern service: reports of concern, and what became of them.", func(ctx context.Context, config *process.Service) error {
		return config.Run(ctx, concern.Name, func(deps service.Deps) (process.Built, error) { return concern.New(deps) })
	})
}
