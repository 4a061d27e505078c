// Command gateway runs Koppi's one address before services in processes of their own.
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
