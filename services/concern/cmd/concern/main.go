// Command concern runs the concern service on PostgreSQL, as one of any number of
// replicas.
package main

import (
	"context"

	"koppi.internal/pkg/process"
	"koppi.internal/services/concern"
)

func main() {
	process.Main("concern", "Concern reports: one service of Koppi.", func(ctx context.Context, config *process.Service) error {
		return config.Run(ctx, concern.Name, func(parts process.Parts) (process.Built, error) {
			return concern.New(concern.Deps{
				Store: parts.Store, Directory: parts.Directory, Secrets: parts.Secrets, Clock: parts.Clock, Wake: parts.Wake,
				NewID: parts.NewID, Calls: parts.Calls, Logger: parts.Logger, AllowTestCodes: parts.Dev,
			})
		})
	})
}
