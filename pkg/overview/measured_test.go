package overview

import (
	"maps"
	"testing"
)

// A count of untouched matters that falls to zero is reported as zero; one that never existed is not reported.
func TestUntouchedCountFallsToZero(t *testing.T) {
	reported := &reportedUntouched{of: map[untouchedBy]bool{}}
	hva, other := untouchedBy{"hva", 1}, untouchedBy{"other", 2}
	for i, test := range []struct{ counted, want map[untouchedBy]int64 }{
		{map[untouchedBy]int64{}, map[untouchedBy]int64{}},
		{map[untouchedBy]int64{hva: 2}, map[untouchedBy]int64{hva: 2}},
		{map[untouchedBy]int64{other: 1}, map[untouchedBy]int64{hva: 0, other: 1}},
		{map[untouchedBy]int64{hva: 3}, map[untouchedBy]int64{hva: 3, other: 0}},
	} {
		if got := reported.with(test.counted); !maps.Equal(got, test.want) {
			t.Errorf("%d: %v, want %v", i, got, test.want)
		}
	}
}
