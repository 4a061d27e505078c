// Command referral runs the referral service in a process of its own.
package main

import (
	"context"

	"koppi.internal/pkg/process"
	"koppi.internal/pkg/service"
	"koppi.internal/services/referral"
)

func main() {
	process.Main(referral.Name, "The referral service: what one agency asks another to take over, and what became of it.", func(ctx context.Context, config *process.Service) error {
		return config.Run(ctx, referral.Name, func(deps service.Deps) (process.Built, error) { return referral.New(deps) })
	})
}
