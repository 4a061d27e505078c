// Package statistics makes of what was counted numbers that may be shown.
//
// A row counts the loops between two agencies. Its numbers are shown in fives, and what
// is shown is a life that five loops at a time could have had: each five is a token, which
// is sent, taken, closed, … in the months in which the counts reach the next multiple of
// five, and only as one loop could be. So up to four more loops of any life may hide in
// every row, and none of the shown numbers, of whatever months, would differ: whatever is
// combined, each count stays consistent with five true values.
package statistics

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"koppi.internal/pkg/loop"
)

// perToken is how many loops a token stands for.
const perToken = 5

// order is how the things that happen in one month follow each other: ends come last.
var order = []loop.Count{
	loop.CountSent, loop.CountRepeat, loop.CountOverdue, loop.CountTaken, loop.CountNoShow, loop.CountAssessment, loop.CountPlan,
	loop.CountDeclined, loop.CountClosed,
}

// life is what happened to a token, a bit for each.
type life uint16

func bit(what loop.Count) life { return 1 << slices.Index(order, what) }

func (l life) had(what loop.Count) bool { return l&bit(what) != 0 }

func (l life) ended() bool { return l.had(loop.CountDeclined) || l.had(loop.CountClosed) }

// token is five loops that go together.
type token struct {
	life
	// sent is the month in which they were.
	sent month
}

// may tells whether a thing may happen to a token in a month, as it may to a loop.
func (t *token) may(what loop.Count, in month) bool {
	switch {
	case t.ended() || t.had(what):
		return false
	case what == loop.CountRepeat:
		return t.sent == in
	case what == loop.CountOverdue:
		return true
	case what == loop.CountTaken, what == loop.CountDeclined:
		return !t.had(loop.CountTaken)
	default:
		return t.had(loop.CountTaken)
	}
}

// row is what was counted, and is shown, of one service between two agencies.
type row struct {
	// counted is the truth until now; shown are tokens.
	counted, shown map[loop.Count]int64
	// open are the tokens that have not ended, the oldest first.
	open []*token
	// waits of those that were taken last, in the order of taking.
	waits []time.Duration
}

func newRow() *row { return &row{counted: map[loop.Count]int64{}, shown: map[loop.Count]int64{}} }

// shown is what is shown of a row in a month.
type shown struct {
	// loops by what happened to them: multiples of five.
	loops map[loop.Count]int64
	// median of the waits of the loops taken, where there is one.
	median    time.Duration
	hasMedian bool
}

// close adds what was counted in a month that has ended.
func (r *row) close(in month, counted map[loop.Count]int64, waits []time.Duration) shown {
	r.waits = append(r.waits, waits...)
	out := shown{loops: map[loop.Count]int64{}}
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
			out.loops[what] += perToken * int64(len(chosen))
		}
	}
	r.open = slices.DeleteFunc(r.open, func(t *token) bool { return t.ended() })
	r.waits = slices.Clone(r.waits[max(0, len(r.waits)-(perToken-1)):])
	return out
}

// choose picks the tokens to which a thing happens next; none where it may happen to
// none, and then it is shown later, when it may.
func (r *row) choose(what loop.Count, in month, want int64, out *shown) []*token {
	if what == loop.CountSent {
		fresh := &token{sent: in}
		r.open = append(r.open, fresh)
		return []*token{fresh}
	}
	var may []*token
	for i, one := range r.open {
		// The first of all is no repeat: there was none before it.
		if one.may(what, in) && (what != loop.CountRepeat || i > 0 || int64(len(r.open)) < r.shown[loop.CountSent]) {
			may = append(may, one)
		}
	}
	if len(may) == 0 {
		return nil
	}
	switch what {
	case loop.CountTaken:
		want = min(want, int64(len(may)))
		// Of who was counted before there were statistics there may be too few.
		last := r.waits[max(0, len(r.waits)-perToken*int(want)):]
		may, out.median, out.hasMedian = taking(may, in, int(want), medianOf(last))
		out.hasMedian = out.hasMedian && len(last) == perToken*int(want)
		return may
	case loop.CountDeclined, loop.CountClosed:
		// The one to which most has happened: the others may have it before them.
		return []*token{slices.MaxFunc(may, func(a, b *token) int { return bits.OnesCount16(uint16(a.life)) - bits.OnesCount16(uint16(b.life)) })}
	default:
		return may[:1]
	}
}

// taking picks the tokens that are taken, those that could have waited so long, and
// says how long the median can be shown to be: not longer or shorter than their months
// allow, since it would tell in which months others were sent. It is false should the
// two not come to agree.
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

// medianOf is the lower median, to the minute.
func medianOf(waits []time.Duration) time.Duration {
	if len(waits) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(waits))
	return sorted[(len(sorted)-1)/2].Truncate(time.Minute)
}
