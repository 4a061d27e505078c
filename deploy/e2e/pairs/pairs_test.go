package pairs

import (
	"flag"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/telemetry"
)

// twins are two suites in which pairs are played one after another, each with agencies and
// clients of its own.
type twins struct {
	a, b *world
	next int
}

// pairSets is how many pairs two suites take before they are replaced: what pairs before
// left open is looked at whenever the clock moves.
const pairSets = 60

func newTwins(t *testing.T) *twins {
	t.Helper()
	return &twins{a: newWorld(t, pairSets, callback.Settings{}), b: newWorld(t, pairSets, callback.Settings{})}
}

// tracing makes this process trace what it does, as under an operator's collector: what a
// reader is told of traces is then there to be compared.
func tracing(t *testing.T) {
	t.Helper()
	end, err := telemetry.Settings{Share: 1}.Start(t.Context(), telemetry.Process{Name: "koppi", Recent: telemetry.NewRecent(), Logger: slog.New(slog.NewTextHandler(leaktest.LogWriter(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = end(t.Context()) })
}

// Two histories that differ only in what a reader may not know give the reader identical answers
// and refusals to every request: bodies, sizes, headers, order, times and names.
func TestPairs(t *testing.T) {
	tracing(t)
	random(t, pairsInTest, "r", "r", "r", "t", "x", "z")
}

// random plays so many random pairs, in each of which one of the readers reads.
func random(t *testing.T, inTest int, readers ...string) {
	t.Helper()
	pairs := testkit.Times("SOAK_PAIRS", inTest)
	if err := flag.Set("rapid.checks", strconv.Itoa(pairs/pairsAtOnce)); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	t.Run("lanes", func(t *testing.T) {
		for lane := range pairsAtOnce {
			t.Run(strconv.Itoa(lane), func(t *testing.T) {
				t.Parallel()
				anyPairs(t, readers)
			})
		}
	})
	t.Logf("%d pairs, %.1f a second", pairs, float64(pairs)/time.Since(begun).Seconds())
}

// pairsInTest are as many as a run of all tests has time for, and pairLanes play them side
// by side.
const (
	pairsInTest = 24
	pairsAtOnce = 2
)

func anyPairs(t *testing.T, readers []string) {
	t.Helper()
	var at *twins
	rapid.Check(t, func(r *rapid.T) {
		if at == nil || at.next == pairSets {
			at = newTwins(t)
		}
		p := newPair(t, at.a, at.b, at.next, rapid.SampledFrom(readers).Draw(r, "reader"))
		at.next++
		d := &drawing{pairing: p, t: r}
		d.story()
		p.battery(0.15, 6, rapid.Uint64().Draw(r, "battery"))
		p.compare()
		if len(p.apart) > 0 {
			r.Fatal(p.explanation())
		}
	})
}

// explanation says in short how the reader tells the two worlds apart.
func (p *pairing) explanation() string {
	var said strings.Builder
	fmt.Fprintf(&said, "%s tells the worlds apart. In B:\n", p.agency(p.reader))
	for i, one := range p.log {
		if one.Call != "" && !isReading(one.Call) {
			fmt.Fprintf(&said, "  %d. %s: %s %s -> %s", i, one.at.Format("02 15:04:05.000000"), one.Who, one.Call[strings.LastIndex(one.Call, "/")+1:], one.answer.Status)
			if one.Trace != "" {
				fmt.Fprintf(&said, " (traced %s)", one.Trace)
			}
			said.WriteString("\n")
		}
		for _, message := range one.disclosed {
			fmt.Fprintf(&said, "       told %s of %v at %v\n", eventOf(message), message["subject"], message["occurredAt"])
		}
	}
	for _, one := range p.apart[:min(len(p.apart), 6)] {
		fmt.Fprintf(&said, "%s\n", one)
	}
	return said.String()
}
