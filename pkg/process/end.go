package process

import (
	"context"
	"log/slog"
	"time"
)

// EndTime is the timeout for sending the last telemetry at shutdown.
const EndTime = 5 * time.Second

// End sends the remaining telemetry. It ignores errors, because an unavailable collector must not fail a
// shutdown.
func End(end func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), EndTime)
	defer cancel()
	if err := end(ctx); err != nil {
		Logger().WarnContext(ctx, "telemetry is not all sent", slog.String("error", err.Error()))
	}
}
