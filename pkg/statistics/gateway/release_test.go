package gateway

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
)

// From everything that is shown, of all months, no count can be distinguished from four other
// values.
func TestCountsIndistinguishable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		months := rapid.IntRange(1, 4).Draw(t, "months")
		truth := drawPopulation(t, months)
		for _, one := range truth.matters {
			if err := one.legal(); err != nil {
				t.Fatalf("the test draws an impossible matter: %v: %v", err, one)
			}
		}
		released := truth.released(months)
		base := guessed(t, released)
		for _, one := range base.matters {
			if err := one.legal(); err != nil {
				t.Fatalf("the shown counts are impossible: %v: %v\nshown %v", err, one.at, released)
			}
		}
		for in, of := range base.contacts {
			alive := 0
			for _, one := range base.matters {
				if one.alive(in) {
					alive++
				}
			}
			if len(of) > alive {
				t.Fatalf("%d clients have contacts in month %d, but %d matters were open", len(of), in, alive)
			}
		}
		for _, name := range keys {
			for _, what := range order {
				in := rapid.IntRange(0, months-1).Draw(t, "month")
				counted := base.counted(in).counts[name][what]
				for more := range int64(5) {
					other := base
					// They come first and were taken before the others of their month.
					other.matters = slices.Concat(slices.Repeat([]lived{extra(name, what, in)}, int(more)), base.matters)
					if got := other.counted(in).counts[name][what]; got != counted+more {
						t.Fatalf("%d more make %d of %d", more, got, counted)
					}
					if again := other.released(months); !same(again, released) {
						t.Fatalf("%d more %s of %v in month %d show\nin %v\nnot %v", more, what, name, in, again, released)
					}
				}
			}
		}
	})
}

// What was shown of a month does not change with later months and is in multiples of five. The sum
// over all months is at most four below the true count, except for events that wait until they can
// be shown.
func TestShownCountsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth := drawPopulation(t, 6)
		all := truth.released(6)
		for months := range 6 {
			if part := truth.released(months); !same(part, all[:months]) {
				t.Fatalf("%v was shown, and then %v", part, all)
			}
		}
		sums := map[key]map[matter.Count]int64{}
		for _, counts := range all {
			for _, count := range counts {
				name := key{count.GetService(), count.GetSender().GetAgency(), count.GetReceiver().GetAgency()}
				if sums[name] == nil {
					sums[name] = map[matter.Count]int64{}
				}
				for what, n := range numbersOf(count) {
					if n%5 != 0 {
						t.Fatalf("%d is shown", n)
					}
					sums[name][what] += n
				}
				if (count.GetTaken() > 0) != (count.MedianSecondsToTaken != nil) {
					t.Fatalf("a median of %d", count.GetTaken())
				}
			}
		}
		for _, name := range keys {
			counted := map[matter.Count]int64{}
			for in := range 6 {
				for what, n := range truth.counted(in).counts[name] {
					counted[what] += n
				}
			}
			for _, what := range []matter.Count{matter.CountSent, matter.CountTaken, matter.CountDeclined, matter.CountClosed} {
				if shown := sums[name][what]; shown > counted[what] || shown < counted[what]-4 {
					t.Fatalf("%s: %d of %d", what, shown, counted[what])
				}
			}
			for what := range maps.Keys(counted) {
				if sums[name][what] > counted[what] {
					t.Fatalf("%s: %d of %d", what, sums[name][what], counted[what])
				}
			}
		}
	})
}

// The remainder of one month counts in the next, and the median is of the matters taken last.
func TestRemainderCarriedOver(t *testing.T) {
	name := key{"concern", "a", "b"}
	population := population{}
	for i := range 6 {
		// Four in January, two in February.
		in := i / 4
		population.matters = append(population.matters, lived{name, map[matter.Count]int{matter.CountSent: in, matter.CountTaken: in}, time.Duration(i+1) * time.Hour})
	}
	shown := population.released(3)
	if len(shown[0]) != 0 || len(shown[1]) != 1 || len(shown[2]) != 0 {
		t.Fatal(shown)
	}
	if count := shown[1][0]; count.GetSent() != 5 || count.GetTaken() != 5 || count.GetMedianSecondsToTaken() != 4*3600 || count.GetMonth() != "2026-02" {
		t.Error(count)
	}
}
