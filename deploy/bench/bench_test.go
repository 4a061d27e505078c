//go:build bench

// Package bench measures the suite beside what the same servers do without it: all
// in one run, side by side, several times, since the machine is small and noisy.
// `make bench` prints the table and writes last.json.
package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"koppi.internal/deploy/testkit"
)

const (
	rounds = 3
	length = 3 * time.Second
)

// figure is one measurement, a round each.
type figure []float64

func (f figure) median() float64 {
	sorted := slices.Sorted(slices.Values(f))
	return sorted[len(sorted)/2]
}

func (f figure) String() string {
	digits := 0
	if f.median() < 100 {
		digits = 2
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, f.median(), digits, slices.Min(f), digits, slices.Max(f))
}

// figures are all that were measured, by name.
type figures map[string]figure

func (f figures) ratio(a, b string) float64 { return f[a].median() / f[b].median() }

// interleave measures each in turn, round after round, so that what else the machine
// does falls on all of them.
func (f figures) interleave(measured map[string]func() float64) { f.interleaveTimes(rounds, measured) }

func (f figures) interleaveTimes(times int, measured map[string]func() float64) {
	for range times {
		for _, name := range slices.Sorted(maps.Keys(measured)) {
			f[name] = append(f[name], measured[name]())
		}
	}
	// A long run that is ended early has said what it knows.
	for _, name := range slices.Sorted(maps.Keys(measured)) {
		fmt.Printf("  %-34s %s\n", name, f[name])
	}
}

// TestConverse measures conversations alone.
func TestConverse(t *testing.T) {
	h, f := newHarness(t), figures{}
	h.conversing(f)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Printf("  %-34s %s\n", name, f[name])
	}
}

// TestStreams measures standing streams alone. With PROFILES=FOLDER it also measures what the programs hold, and keeps
// their profiles there; the resident memory is then that of programs which are profiled.
func TestStreams(t *testing.T) {
	h, f := newHarness(t), figures{}
	h.streaming(f)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Printf("  %-34s %s\n", name, f[name])
	}
}

// TestGrounds measures reading the lawful grounds alone.
func TestGrounds(t *testing.T) {
	h, f := newHarness(t), figures{}
	h.listingGrounds(f)
}

// TestPeople measures reading by unit, and searches for clients. It runs alone: in TestBench, worklists would hold what
// other measurements left.
func TestPeople(t *testing.T) {
	h, f := newHarness(t), figures{}
	h.readingByUnit(f)
}

// TestGrowth measures commands among many stored events, and a reader that is far behind. Filling the database
// takes most of its time.
func TestGrowth(t *testing.T) {
	h, f := newHarness(t), figures{}
	h.growing(f)
	fmt.Printf("  catch-up %s a second; growth 1e6 over 1e4 %.2f\n", f["catchup_per_s"], f.ratio("accepted_32_at_1e6", "accepted_32_at_1e4"))
}

// TestCatchUp measures a reader that is far behind alone, in a smaller database. With PROFILES=FOLDER it keeps a profile of
// the processor there, of the service and of the reader, which run in this process.
func TestCatchUp(t *testing.T) {
	h, f := newHarness(t), figures{}
	h.catchingUp(f)
}

// TestObserved measures what telemetry costs alone.
func TestObserved(t *testing.T) {
	h, f := newHarness(t), figures{}
	h.observing(f)
	fmt.Printf("  sampled over off %.2f, full over off %.2f\n", f.ratio("accepted_32_seen_sampled", "accepted_32_seen_off"), f.ratio("accepted_32_seen_full", "accepted_32_seen_off"))
}

// TestCosts measures what protection costs alone.
func TestCosts(t *testing.T) {
	h, f := newHarness(t), figures{}
	h.costing(f)
	fmt.Printf("  %-34s %s\n", "seal_1_KiB_us", f["seal_1_KiB_us"])
}

// TestMain collects garbage as often as the deployed processes do, and removes the programs that were built.
func TestMain(m *testing.M) {
	if run := programs[os.Getenv(profiledProgram)]; run != nil {
		serveProfiles(run)
		return
	}
	debug.SetGCPercent(400)
	code := m.Run()
	testkit.CleanUp()
	os.Exit(code)
}

func TestBench(t *testing.T) {
	h := newHarness(t, "shared_preload_libraries='pg_stat_statements'")
	f := figures{}
	for _, part := range []struct {
		name    string
		measure func(figures)
	}{
		{"accepted", h.accepting},
		{"cost", h.costs},
		{"loop", h.looping},
		{"conversation", h.conversing},
		{"streams", h.streaming},
		{"grounds", h.listingGrounds},
		{"protection", h.costing},
		{"telemetry", h.observing},
	} {
		began := time.Now()
		part.measure(f)
		fmt.Printf("%s: %.0f s\n", part.name, time.Since(began).Seconds())
	}
	ratios := map[string]float64{
		"accepted_vs_same_rows_32": f.ratio("accepted_32", "same_rows_32"),
		"accepted_vs_pgbench_32":   f.ratio("accepted_32", "one_row_32"),
		"accepted_vs_pgbench_128":  f.ratio("accepted_128", "one_row_32"),
		"two_replicas_over_one":    f.ratio("accepted_32_two_replicas", "accepted_32"),
		"loop_p50_ratio":           f.ratio("loop_p50_ms", "echo_and_row_p50_ms"),
		"loop_p99_over_p50":        f.ratio("loop_p99_ms", "loop_p50_ms"),
		"bytes_per_stream_10000":   f["bytes_per_stream_10000_service"].median(),
		"mutual_tls_over_plain":    f.ratio("accepted_32_mutual_tls", "accepted_32_plain"),
		"recorded_over_unrecorded": f.ratio("appended_32", "appended_32_unrecorded"),
		"keys_made_over_known":     f.ratio("appended_32", "appended_32_known_keys"),
		"seen_sampled_over_off":    f.ratio("accepted_32_seen_sampled", "accepted_32_seen_off"),
		"seen_full_over_off":       f.ratio("accepted_32_seen_full", "accepted_32_seen_off"),
	}
	fmt.Printf("\n%d cores, %s; medians of %d interleaved rounds (least–most); rates are a second:\n\n", runtime.NumCPU(), runtime.GOARCH, rounds)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Printf("  %-34s %s\n", name, f[name])
	}
	fmt.Println()
	for _, name := range slices.Sorted(maps.Keys(ratios)) {
		fmt.Printf("  %-34s %.2f\n", name, ratios[name])
	}
	text, err := json.MarshalIndent(map[string]any{"figures": f, "ratios": ratios, "cores": runtime.NumCPU()}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("last.json", append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}
