package load

import (
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
)

// firstSpan is what the rest of a run is held against.
const firstSpan = time.Minute

// sample is one command that was accepted.
type sample struct {
	// due and took are since the run's beginning and since it was due.
	due, took time.Duration
}

// measures are what is seen while the load runs.
type measures struct {
	mu      sync.Mutex
	samples []sample
	// underWay by agency.
	underWay map[string][]time.Duration
	// accepted by method; refused by reason, failed by code: each try counts.
	accepted, refused, failed map[string]int
	// due and started are counted as they are.
	due, unanswered, held, flying, mostFlying int
	longestHeld                               time.Duration
	// dueBy, acceptedBy and failedBy second.
	dueBy, acceptedBy, failedBy []int
}

func newMeasures() *measures {
	return &measures{underWay: map[string][]time.Duration{}, accepted: map[string]int{}, refused: map[string]int{}, failed: map[string]int{}}
}

// at counts one in its second.
func at(by *[]int, moment time.Duration) {
	second := int(moment / time.Second)
	for len(*by) <= second {
		*by = append(*by, 0)
	}
	(*by)[second]++
}

// begin counts a command that was due and is given, so much later where it had to wait for
// others' answers.
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

// fail counts one try that was refused or failed, and end that there is no other.
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

// slowest is the agency whose messages were under way for longest, of those that had enough
// of them to tell.
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

// latencies are those of commands that were due in a part of the run.
func latencies(samples []sample, from, until time.Duration) Quantiles {
	var took []time.Duration
	for _, s := range samples {
		if s.due >= from && s.due < until {
			took = append(took, s.took)
		}
	}
	return quantiles(took)
}

// Second is what was seen in one second of the run.
type Second struct {
	Second int `json:"second"`
	// Due commands, accepted ones by when they were answered, and tries that were refused or failed.
	Due      int `json:"due"`
	Accepted int `json:"accepted"`
	Failed   int `json:"failed"`
	// P99 of the commands that were due then.
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
