package load

import (
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
)

// firstSpan is the first and the last part of a run, which the report compares.
const firstSpan = time.Minute

// sample is one command that was accepted.
type sample struct {
	// due is counted from the beginning of the run, took from the moment when the command was due.
	due, took time.Duration
}

// measures are collected while the load runs.
type measures struct {
	mu      sync.Mutex
	samples []sample
	// underWay by agency: how long its messages took.
	underWay map[string][]time.Duration
	// accepted by method; refused by reason and failed by code, counting each attempt.
	accepted, refused, failed map[string]int
	// due, unanswered and held count commands; flying are those now in flight, mostFlying the most
	// at any time.
	due, unanswered, held, flying, mostFlying int
	longestHeld                               time.Duration
	// dueBy, acceptedBy and failedBy count by second of the run.
	dueBy, acceptedBy, failedBy []int
}

func newMeasures() *measures {
	return &measures{underWay: map[string][]time.Duration{}, accepted: map[string]int{}, refused: map[string]int{}, failed: map[string]int{}}
}

// at adds one to the count of a moment's second.
func at(by *[]int, moment time.Duration) {
	second := int(moment / time.Second)
	for len(*by) <= second {
		*by = append(*by, 0)
	}
	(*by)[second]++
}

// begin counts a command that was due and is now given, and by how much it is late if it had to
// wait for the answers of others.
func (m *measures) begin(due, held time.Duration, waited bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due++
	at(&m.dueBy, due)
	m.flying++
	m.mostFlying = max(m.mostFlying, m.flying)
	if waited {
		m.held++
		m.longestHeld = max(m.longestHeld, held)
	}
}

func (m *measures) accept(name string, due, now time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.flying--
	m.accepted[name]++
	m.samples = append(m.samples, sample{due, now - due})
	at(&m.acceptedBy, now)
}

// fail counts one attempt that was refused or failed; end says that no other attempt follows.
func (m *measures) fail(err error, now time.Duration, end bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if reason := fault.ReasonOf(err); reason != "" {
		m.refused[string(reason)]++
	} else {
		m.failed[status.Code(err).String()]++
	}
	at(&m.failedBy, now)
	if end {
		m.flying--
		m.unanswered++
	}
}

func (m *measures) arrived(agency string, underWay time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.underWay[agency] = append(m.underWay[agency], underWay)
}

// slowest is the agency with the highest P99 of delivery time, among those with at least 100
// messages.
func (m *measures) slowest() (agency string, of Quantiles) {
	const enough = 100
	for _, one := range slices.Sorted(maps.Keys(m.underWay)) {
		if q := quantiles(m.underWay[one]); q.Count >= enough && q.P99 > of.P99 {
			agency, of = one, q
		}
	}
	return agency, of
}

// Quantiles of durations, in milliseconds.
type Quantiles struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	Most  float64 `json:"most_ms"`
}

func quantiles(of []time.Duration) Quantiles {
	if len(of) == 0 {
		return Quantiles{}
	}
	sorted := slices.Sorted(slices.Values(of))
	at := func(q float64) float64 {
		return float64(sorted[int(q*float64(len(sorted)-1))].Microseconds()) / 1000
	}
	return Quantiles{Count: len(of), P50: at(0.5), P95: at(0.95), P99: at(0.99), Most: at(1)}
}

// latencies are those of the commands that were due in a part of the run.
func latencies(samples []sample, from, until time.Duration) Quantiles {
	var took []time.Duration
	for _, s := range samples {
		if s.due >= from && s.due < until {
			took = append(took, s.took)
		}
	}
	return quantiles(took)
}

// Second counts what happened in one second of the run.
type Second struct {
	Second int `json:"second"`
	// Due counts commands that were due, Accepted those that were answered in this second, and
	// Failed the attempts that were refused or failed.
	Due      int `json:"due"`
	Accepted int `json:"accepted"`
	Failed   int `json:"failed"`
	// P99 is the latency of the commands that were due in this second.
	P99 float64 `json:"p99_ms"`
}

func (m *measures) seconds() []Second {
	all := make([]Second, max(len(m.dueBy), len(m.acceptedBy), len(m.failedBy)))
	took := make([][]time.Duration, len(all))
	for _, s := range m.samples {
		took[s.due/time.Second] = append(took[s.due/time.Second], s.took)
	}
	of := func(by []int, second int) int {
		if second < len(by) {
			return by[second]
		}
		return 0
	}
	for i := range all {
		all[i] = Second{Second: i, Due: of(m.dueBy, i), Accepted: of(m.acceptedBy, i), Failed: of(m.failedBy, i), P99: quantiles(took[i]).P99}
	}
	return all
}
