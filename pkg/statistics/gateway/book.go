package gateway

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// key identifies a row.
type key struct{ service, sender, receiver string }

// counted holds the counters of one month, of all services.
type counted struct {
	counts map[key]map[matter.Count]int64
	waits  map[key][]time.Duration
	// contacts are the contacts that each client met, by client.
	contacts map[string]map[string]bool
}

func newCounted() *counted {
	return &counted{counts: map[key]map[matter.Count]int64{}, waits: map[key][]time.Duration{}, contacts: map[string]map[string]bool{}}
}

// minOpen is how many matters must be shown as open before the mean number of contacts per client
// is shown: with so many, for every number of clients there is a number of contacts with that mean,
// to one tenth.
const minOpen = 20

// book closes months in sequence.
type book struct{ rows map[key]*row }

func newBook() *book { return &book{rows: map[key]*row{}} }

// close closes a month, which must follow the one closed last, and returns the counts that are
// shown for it.
func (b *book) close(in month, all *counted) []*caseworkv1.LoopCount {
	for name := range all.counts {
		if b.rows[name] == nil {
			b.rows[name] = newRow()
		}
	}
	var counts []*caseworkv1.LoopCount
	open := 0
	for _, name := range slices.SortedFunc(maps.Keys(b.rows), byName) {
		row := b.rows[name]
		before := len(row.open)
		shown := row.close(in, all.counts[name], all.waits[name])
		open += perToken * before
		open += int(shown.counts[matter.CountSent])
		if len(shown.counts) > 0 {
			counts = append(counts, shown.message(name, in))
		}
	}
	if mean := meanTenths(all.contacts); open >= minOpen && mean > 0 {
		counts = append(counts, &caseworkv1.LoopCount{Month: string(in), DoorsPerClientTenths: mean})
	}
	return counts
}

func byName(a, b key) int {
	return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.sender, b.sender), cmp.Compare(a.receiver, b.receiver))
}

func meanTenths(contacts map[string]map[string]bool) int64 {
	met := 0
	for _, of := range contacts {
		met += len(of)
	}
	if len(contacts) == 0 {
		return 0
	}
	return int64((20*met + len(contacts)) / (2 * len(contacts)))
}

func (s shown) message(name key, in month) *caseworkv1.LoopCount {
	count := &caseworkv1.LoopCount{
		Service: name.service, Sender: &commonv1.Party{Agency: name.sender}, Month: string(in),
		Sent: s.counts[matter.CountSent], Repeats: s.counts[matter.CountRepeat], Taken: s.counts[matter.CountTaken],
		Declined: s.counts[matter.CountDeclined], Closed: s.counts[matter.CountClosed], Overdue: s.counts[matter.CountOverdue],
		NoShows: s.counts[matter.CountNoShow], Assessments: s.counts[matter.CountAssessment], Plans: s.counts[matter.CountPlan],
	}
	if name.receiver != "" {
		count.Receiver = &commonv1.Party{Agency: name.receiver}
	}
	if s.hasMedian {
		seconds := int64(s.median / time.Second)
		count.MedianSecondsToTaken = &seconds
	}
	return count
}
