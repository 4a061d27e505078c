package queue

import (
	"context"
	"time"

	"koppi.internal/pkg/telemetry"
)

var (
	groupSize = telemetry.Histogram("koppi.journal.group", "{change}", "Changes committed in one transaction.", 1, 2, 4, 8, 16, 32, 64, 128, 256)
	groupTook = telemetry.Histogram("koppi.journal.commit", "s", "Time from taking a group of changes to its commit.", .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60)
)

// Committing measures a group's size, and its time until done is called.
func Committing[T any](ctx context.Context, group []*Item[T]) (done func()) {
	began := time.Now() //nolint:forbidigo // what it took
	return func() {
		groupSize.Record(ctx, float64(len(group)))
		groupTook.Record(ctx, time.Since(began).Seconds())
	}
}
