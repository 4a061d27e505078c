package journaltest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"koppi.internal/pkg/journal"
)

// testModel compares random appends with a small model in Go. All draws share one store, and each
// uses names of its own.
func testModel(t *testing.T, open Harness) {
	store := opened(t, open)
	draws := 0
	rapid.Check(t, func(rt *rapid.T) {
		draws++
		m := &model{store: store, mark: fmt.Sprintf("%d-", draws), versions: map[string]uint64{}, disclosed: map[string]int{}, keys: map[string]string{}}
		for range rapid.IntRange(1, 12).Draw(rt, "appends") {
			m.append(rt)
		}
		for _, agency := range []string{"a", "b"} {
			if got := len(mailbox(t, store, m.mark+agency)); got != m.disclosed[agency] {
				rt.Fatalf("%d messages for %s, want %d", got, agency, m.disclosed[agency])
			}
		}
	})
}

// model is the expected content of the journal.
type model struct {
	store     Store
	mark      string
	versions  map[string]uint64
	disclosed map[string]int
	keys      map[string]string
}

func (m *model) append(rt *rapid.T) {
	subject := fmt.Sprintf("s/%s%d", m.mark, rapid.IntRange(0, 3).Draw(rt, "subject"))
	after := rapid.SampledFrom([]uint64{m.versions[subject], m.versions[subject], m.versions[subject] + 1, 0}).Draw(rt, "after")
	agencies := rapid.SampledFrom([][]string{{"a"}, {"a", "b"}, {}}).Draw(rt, "agencies")
	if m.versions[subject] > 0 {
		agencies = []string{"a"}
	}
	var marked []string
	for _, agency := range agencies {
		marked = append(marked, m.mark+agency)
	}
	b := batch(subject, after, marked...)
	for i := range b.Deliveries {
		b.Deliveries[i].SubjectVersion = countOf(m.disclosed, subject, agencies[i]) + 1
		b.WorklistEntries[i].Version = b.Deliveries[i].SubjectVersion
	}
	from := rapid.SampledFrom([]string{"", "s/" + m.mark + "0", "s/" + m.mark + "1"}).Draw(rt, "from")
	b = holding(b, from, m.mark+"key", subject, "")
	b.UniqueKeys[0].Version = after + 1
	wins := after == m.versions[subject] && m.keys["key"] == from
	_, err := m.store.Append(context.Background(), b)
	var conflict *journal.ConflictError
	if wins != (err == nil) || err != nil && !errors.As(err, &conflict) {
		rt.Fatalf("%s after %d, unique key from %q: %v", subject, after, from, err)
	}
	if !wins {
		return
	}
	m.versions[subject]++
	m.keys["key"] = subject
	for _, agency := range agencies {
		m.disclosed[agency]++
		m.disclosed[subject+" "+agency]++
	}
}

func countOf(disclosed map[string]int, subject, agency string) uint64 {
	return uint64(disclosed[subject+" "+agency]) //nolint:gosec // a small count
}
