// Command gateway runs Koppi's single public address, in front of services that run as separate
// processes.
package main

import (
	"context"

	"koppi.internal/gateway/program"
	"koppi.internal/pkg/process"
)

func main() {
	process.Main("gateway", "Koppi's one address: Connect, gRPC-Web and gRPC in, gRPC out, and the pages.", func(ctx context.Context, config *program.Config) error {
		return config.Run(ctx)
	})
}
