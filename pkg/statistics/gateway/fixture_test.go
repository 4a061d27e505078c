package gateway

import (
	"fmt"
	"math/bits"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

const firstMonth = month("2026-01")

func nth(n int) month {
	in := firstMonth
	for range n {
		in = in.next()
	}
	return in
}

// lived is one loop: in which month, counted from the first, what happened to it, and
// how long it waited to be taken.
type lived struct {
	key
	at   map[matter.Count]int
	wait time.Duration
}

// legal tells whether a loop can have lived so: an independent reading of matter.Count.
func (l lived) legal() error {
	sent, wasSent := l.at[matter.CountSent]
	if !wasSent {
		return fmt.Errorf("never sent")
	}
	taken, wasTaken := l.at[matter.CountTaken]
	end, ended := l.at[matter.CountClosed]
	if declined, was := l.at[matter.CountDeclined]; was {
		if ended || wasTaken {
			return fmt.Errorf("declined and taken or closed")
		}
		end, ended = declined, true
	} else if ended && !wasTaken {
		return fmt.Errorf("closed and not taken")
	}
	for what, at := range l.at {
		switch {
		case at < sent || ended && at > end:
			return fmt.Errorf("%s outside its life", what)
		case what == matter.CountRepeat && at != sent:
			return fmt.Errorf("a repeat is told of when it is sent")
		case (what == matter.CountNoShow || what == matter.CountAssessment || what == matter.CountPlan) && (!wasTaken || at < taken):
			return fmt.Errorf("%s before it was taken", what)
		}
	}
	if wasTaken {
		from, to := nth(taken).span()
		begins, ends := nth(sent).span()
		if l.wait < 0 || l.wait < from.Sub(ends) || l.wait >= to.Sub(begins) {
			return fmt.Errorf("it cannot have waited %s", l.wait)
		}
	}
	return nil
}

// alive tells whether something of it may have happened in a month.
func (l lived) alive(in int) bool {
	for _, what := range []matter.Count{matter.CountClosed, matter.CountDeclined} {
		if at, ended := l.at[what]; ended && at < in {
			return false
		}
	}
	return l.at[matter.CountSent] <= in
}

// town is a population: loops, and the doors that clients met in each month.
type town struct {
	loops []lived
	doors map[int]map[string]map[string]bool
}

// counted is what services count of it in a month. Of what was taken in one month the
// loops come in their order here.
func (p town) counted(in int) *counted {
	all := newCounted()
	for _, one := range p.loops {
		for what, at := range one.at {
			if at != in {
				continue
			}
			if all.loops[one.key] == nil {
				all.loops[one.key] = map[matter.Count]int64{}
			}
			all.loops[one.key][what]++
		}
		if taken, was := one.at[matter.CountTaken]; was && taken == in {
			all.waits[one.key] = append(all.waits[one.key], one.wait)
		}
	}
	if of := p.doors[in]; of != nil {
		all.doors = of
	}
	return all
}

// released is what is shown of a town, month by month.
func (p town) released(months int) [][]*caseworkv1.LoopCount {
	b := newBook()
	var all [][]*caseworkv1.LoopCount
	for in := range months {
		all = append(all, b.close(nth(in), p.counted(in)))
	}
	return all
}

func same(a, b [][]*caseworkv1.LoopCount) bool {
	return slices.EqualFunc(a, b, func(a, b []*caseworkv1.LoopCount) bool {
		return slices.EqualFunc(a, b, func(a, b *caseworkv1.LoopCount) bool { return proto.Equal(a, b) })
	})
}

var keys = []key{{"concern", "a", "b"}, {"concern", "c", "b"}, {"referral", "b", "a"}}

// drawLoop lives as loops do.
func drawLoop(t *rapid.T, months int) lived {
	l := lived{key: rapid.SampledFrom(keys).Draw(t, "row"), at: map[matter.Count]int{}}
	sent := rapid.IntRange(0, months-1).Draw(t, "sent")
	l.at[matter.CountSent] = sent
	later := func(from int) (int, bool) {
		at := from + rapid.SampledFrom([]int{0, 0, 0, 0, 1, 1, 2, months}).Draw(t, "later")
		return at, at < months
	}
	put := func(what matter.Count, from, until int) {
		if at, is := later(from); is && at <= until && rapid.Bool().Draw(t, string(what)) {
			l.at[what] = at
		}
	}
	if rapid.Bool().Draw(t, "repeat") {
		l.at[matter.CountRepeat] = sent
	}
	taken, was := later(sent)
	if !was {
		put(matter.CountOverdue, sent, months-1)
		return l
	}
	if rapid.IntRange(0, 4).Draw(t, "fate") == 0 {
		l.at[matter.CountDeclined] = taken
		put(matter.CountOverdue, sent, taken)
		return l
	}
	l.at[matter.CountTaken] = taken
	from, to := nth(taken).span()
	begins, ends := nth(sent).span()
	l.wait = time.Duration(rapid.Int64Range(int64(max(0, from.Sub(ends))), int64(to.Sub(begins)-1)).Draw(t, "wait"))
	end, ended := later(taken)
	if ended {
		l.at[matter.CountClosed] = end
	} else {
		end = months - 1
	}
	put(matter.CountOverdue, sent, end)
	for _, what := range []matter.Count{matter.CountNoShow, matter.CountAssessment, matter.CountPlan} {
		put(what, taken, end)
	}
	return l
}

func drawTown(t *rapid.T, months int) town {
	p := town{doors: map[int]map[string]map[string]bool{}}
	n := rapid.IntRange(0, 70).Draw(t, "loops")
	for range n {
		p.loops = append(p.loops, drawLoop(t, months))
	}
	for in := range months {
		of := map[string]map[string]bool{}
		for i := range rapid.IntRange(0, 30).Draw(t, "clients") {
			met := map[string]bool{}
			for j := range rapid.IntRange(1, 9).Draw(t, "met") {
				met[fmt.Sprint(j)] = true
			}
			of[fmt.Sprint(i)] = met
		}
		p.doors[in] = of
	}
	return p
}

// five are equal loops.
type five struct {
	token
	lived
}

// guessed is a town that somebody who sees nothing but what is shown can think of: five
// equal loops for each token.
func guessed(t *rapid.T, released [][]*caseworkv1.LoopCount) town {
	p := town{doors: map[int]map[string]map[string]bool{}}
	open := map[key][]*five{}
	var all []*five
	for in, counts := range released {
		for _, count := range counts {
			if count.GetService() == "" {
				p.doors[in] = clientsWith(count.GetDoorsPerClientTenths())
				continue
			}
			name := key{count.GetService(), count.GetSender().GetAgency(), count.GetReceiver().GetAgency()}
			numbers := numbersOf(count)
			median := time.Duration(count.GetMedianSecondsToTaken()) * time.Second
			for _, what := range order {
				for range numbers[what] / 5 {
					var one *five
					if what == matter.CountSent {
						one = &five{token{sent: nth(in)}, lived{key: name, at: map[matter.Count]int{}}}
						open[name], all = append(open[name], one), append(all, one)
					} else {
						one = pick(open[name], what, nth(in), median)
					}
					if one == nil {
						t.Fatalf("%s of %v in month %d happens to nobody", what, name, in)
					}
					one.life |= bit(what)
					one.at[what] = in
					if what == matter.CountTaken {
						one.wait = nth(in).waited(one.sent, median)
					}
				}
			}
		}
	}
	for _, one := range all {
		for range 5 {
			p.loops = append(p.loops, one.lived)
		}
	}
	return p
}

// pick finds one to which a thing may happen: of those that are taken the one that can
// have waited best, of those that end the one that had most.
func pick(open []*five, what matter.Count, in month, median time.Duration) *five {
	var best *five
	better := func(one *five) bool {
		switch what {
		case matter.CountTaken:
			return in.far(one.sent, median) <= in.far(best.sent, median)
		case matter.CountDeclined, matter.CountClosed:
			return bits.OnesCount16(uint16(one.life)) > bits.OnesCount16(uint16(best.life))
		case matter.CountRepeat:
			return true // the last: there was another before it
		default:
			return false
		}
	}
	for _, one := range open {
		if one.may(what, in) && (best == nil || better(one)) {
			best = one
		}
	}
	return best
}

func numbersOf(count *caseworkv1.LoopCount) map[matter.Count]int64 {
	return map[matter.Count]int64{
		matter.CountSent: count.GetSent(), matter.CountRepeat: count.GetRepeats(), matter.CountTaken: count.GetTaken(), matter.CountDeclined: count.GetDeclined(),
		matter.CountOverdue: count.GetOverdue(), matter.CountNoShow: count.GetNoShows(), matter.CountAssessment: count.GetAssessments(), matter.CountPlan: count.GetPlans(),
		matter.CountClosed: count.GetClosed(),
	}
}

// clientsWith are ten clients that met so many doors in all.
func clientsWith(tenths int64) map[string]map[string]bool {
	of := map[string]map[string]bool{}
	for i := range tenths {
		client := fmt.Sprint(i % 10)
		if of[client] == nil {
			of[client] = map[string]bool{}
		}
		of[client][fmt.Sprint(i)] = true
	}
	return of
}

// extra is one more loop to which a thing happened in a month, and what must before it.
func extra(name key, what matter.Count, in int) lived {
	l := lived{key: name, at: map[matter.Count]int{matter.CountSent: in, what: in}}
	switch what {
	case matter.CountNoShow, matter.CountAssessment, matter.CountPlan, matter.CountClosed:
		l.at[matter.CountTaken] = in
	}
	return l
}
