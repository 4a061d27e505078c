package matter_test

import (
	"testing"

	"koppi.internal/pkg/matter"
)

// Counters of unreviewed grounds are no statistics.
func TestIsStatistic(t *testing.T) {
	for count, want := range map[matter.Count]bool{matter.CountSent: true, matter.CountClosed: true, matter.CountUnreviewed("shl-35-2", "2026-11-30"): false} {
		if count.IsStatistic() != want {
			t.Errorf("%s: %v", count, !want)
		}
	}
}
