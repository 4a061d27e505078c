// Command consultation runs the consultation service in a process of its own.
package main

import (
	"context"

	"koppi.internal/pkg/process"
	"koppi.internal/pkg/service"
	"koppi.internal/services/consultation"
)

func main() {
	process.Main(consultation.Name, "The consultation service: a question to another agency, and its answer while it still helps.", func(ctx context.Context, config *process.Service) error {
		return config.Run(ctx, consultation.Name, func(deps service.Deps) (process.Built, error) { return consultation.New(deps) })
	})
}
