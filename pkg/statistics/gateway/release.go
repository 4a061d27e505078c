// Package gateway turns counters into numbers that may be shown without telling anything about a
// single matter.
//
// A row counts the matters of one service between two agencies. Its numbers are shown in multiples
// of five, and the numbers shown are a history that groups of five matters could have had. A token
// stands for each five. It is sent, taken, closed and so on in the months in which the counters
// reach the next multiple of five, and only in an order that is possible for one matter. So up to
// four more matters with any history may be hidden in every row, without a difference in any number
// shown for any month: however a reader combines the numbers, each count stays consistent with five
// true values.
package gateway

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"koppi.internal/pkg/matter"
)

// perToken is the number of matters that a token stands for.
const perToken = 5

// order is the order in which the events of one month are applied; those that end a matter come
// last.
var order = []matter.Count{
	matter.CountSent, matter.CountRepeat, matter.CountOverdue, matter.CountTaken, matter.CountNoShow, matter.CountAssessment, matter.CountPlan,
	matter.CountDeclined, matter.CountClosed,
}

// life is the set of events that a token has had, one bit each.
type life uint16

func bit(what matter.Count) life { return 1 << slices.Index(order, what) }

func (l life) had(what matter.Count) bool { return l&bit(what) != 0 }

func (l life) ended() bool { return l.had(matter.CountDeclined) || l.had(matter.CountClosed) }

// token stands for five matters that have the same history.
type token struct {
	life
	// sent is the month in which the token's matters were sent.
	sent month
}

// may reports whether an event can happen to the token in a month. The rules are those of a single
// matter.
func (t *token) may(what matter.Count, in month) bool {
	switch {
	case t.ended() || t.had(what):
		return false
	case what == matter.CountRepeat:
		return t.sent == in
	case what == matter.CountOverdue, what == matter.CountNoShow:
		return true
	case what == matter.CountTaken, what == matter.CountDeclined:
		return !t.had(matter.CountTaken)
	default:
		return t.had(matter.CountTaken)
	}
}

// row holds the counters of one service between two agencies, and what is shown of them.
type row struct {
	// counted are the true counts until now; shown are the events of tokens, in tokens.
	counted, shown map[matter.Count]int64
	// open are the tokens that have not ended, the oldest first.
	open []*token
	// waits are the waits of the matters taken last, in the order in which they were taken.
	waits []time.Duration
}

func newRow() *row { return &row{counted: map[matter.Count]int64{}, shown: map[matter.Count]int64{}} }

// shown holds the numbers of a row that are shown for one month.
type shown struct {
	// counts has the number of matters by event, in multiples of five.
	counts map[matter.Count]int64
	// median of the waits of the matters taken; it counts only if hasMedian is true.
	median    time.Duration
	hasMedian bool
}

// close adds the counters of a month that has ended, and returns what is shown for it.
func (r *row) close(in month, counted map[matter.Count]int64, waits []time.Duration) shown {
	r.waits = append(r.waits, waits...)
	out := shown{counts: map[matter.Count]int64{}}
	for _, what := range order {
		r.counted[what] += counted[what]
		for want := r.counted[what]/perToken - r.shown[what]; want > 0; {
			chosen := r.choose(what, in, want, &out)
			if len(chosen) == 0 {
				break
			}
			for _, one := range chosen {
				one.life |= bit(what)
			}
			want -= int64(len(chosen))
			r.shown[what] += int64(len(chosen))
			out.counts[what] += perToken * int64(len(chosen))
		}
	}
	r.open = slices.DeleteFunc(r.open, func(t *token) bool { return t.ended() })
	r.waits = slices.Clone(r.waits[max(0, len(r.waits)-(perToken-1)):])
	return out
}

// choose picks the tokens to which an event happens next. It returns none where the event can
// happen to no token; the event is then shown in a later month in which it can.
func (r *row) choose(what matter.Count, in month, want int64, out *shown) []*token {
	if what == matter.CountSent {
		fresh := &token{sent: in}
		r.open = append(r.open, fresh)
		return []*token{fresh}
	}
	var may []*token
	for i, one := range r.open {
		// The very first token cannot be a repeat, as no token came before it.
		if one.may(what, in) && (what != matter.CountRepeat || i > 0 || int64(len(r.open)) < r.shown[matter.CountSent]) {
			may = append(may, one)
		}
	}
	if len(may) == 0 {
		return nil
	}
	switch what {
	case matter.CountTaken:
		want = min(want, int64(len(may)))
		// For matters that were counted before statistics recorded waits, there may be too few
		// waits.
		last := r.waits[max(0, len(r.waits)-perToken*int(want)):]
		may, out.median, out.hasMedian = taking(may, in, int(want), medianOf(last))
		out.hasMedian = out.hasMedian && len(last) == perToken*int(want)
		return may
	case matter.CountDeclined, matter.CountClosed:
		// End the token with the most events: the others can still have these events.
		return []*token{slices.MaxFunc(may, func(a, b *token) int { return bits.OnesCount16(uint16(a.life)) - bits.OnesCount16(uint16(b.life)) })}
	default:
		return may[:1]
	}
}

// taking picks the n tokens that are taken, those for which the median wait is most nearly
// possible, and returns the median that can be shown. A shown median is never longer or shorter
// than the months of these tokens allow, since it would otherwise tell in which months others were
// sent. The result is false if the choice of tokens and the median do not converge within
// maxRounds.
func taking(may []*token, in month, n int, median time.Duration) ([]*token, time.Duration, bool) {
	slices.Reverse(may)
	for range maxRounds {
		slices.SortStableFunc(may, func(a, b *token) int { return cmp.Compare(in.far(a.sent, median), in.far(b.sent, median)) })
		waits := make([]time.Duration, 0, n)
		for _, one := range may[:n] {
			waits = append(waits, in.waited(one.sent, median))
		}
		next := medianOf(waits)
		if next == median {
			return may[:n], median, true
		}
		median = next
	}
	return may[:n], 0, false
}

const maxRounds = 10

// medianOf is the lower median, truncated to the minute; zero for no waits.
func medianOf(waits []time.Duration) time.Duration {
	if len(waits) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(waits))
	return sorted[(len(sorted)-1)/2].Truncate(time.Minute)
}
