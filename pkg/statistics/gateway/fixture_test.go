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

// lived is one matter: the month of each event, counted from the first month, and how long it
// waited to be taken.
type lived struct {
	key
	at   map[matter.Count]int
	wait time.Duration
}

// legal checks that a matter can have these events. It implements the rules of matter.Count
// independently.
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
			return fmt.Errorf("a repeat is counted when it is sent")
		case (what == matter.CountAssessment || what == matter.CountPlan) && (!wasTaken || at < taken):
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

// alive reports whether the matter was open in a month.
func (l lived) alive(in int) bool {
	for _, what := range []matter.Count{matter.CountClosed, matter.CountDeclined} {
		if at, ended := l.at[what]; ended && at < in {
			return false
		}
	}
	return l.at[matter.CountSent] <= in
}

// population is a set of matters, and the contacts that clients met in each month.
type population struct {
	matters  []lived
	contacts map[int]map[string]map[string]bool
}

// counted returns what services count in a month. Waits of one month are in the order of the
// matters.
func (p population) counted(in int) *counted {
	all := newCounted()
	for _, one := range p.matters {
		for what, at := range one.at {
			if at != in {
				continue
			}
			if all.counts[one.key] == nil {
				all.counts[one.key] = map[matter.Count]int64{}
			}
			all.counts[one.key][what]++
		}
		if taken, was := one.at[matter.CountTaken]; was && taken == in {
			all.waits[one.key] = append(all.waits[one.key], one.wait)
		}
	}
	if of := p.contacts[in]; of != nil {
		all.contacts = of
	}
	return all
}

// released returns what is shown, month by month.
func (p population) released(months int) [][]*caseworkv1.LoopCount {
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

// drawMatter draws a matter with a legal sequence of events.
func drawMatter(t *rapid.T, months int) lived {
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

func drawPopulation(t *rapid.T, months int) population {
	p := population{contacts: map[int]map[string]map[string]bool{}}
	n := rapid.IntRange(0, 70).Draw(t, "loops")
	for range n {
		p.matters = append(p.matters, drawMatter(t, months))
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
		p.contacts[in] = of
	}
	return p
}

// five stands for five equal matters.
type five struct {
	token
	lived
}

// guessed returns a population that explains what is shown, derived from nothing else: five equal
// matters for each token.
func guessed(t *rapid.T, released [][]*caseworkv1.LoopCount) population {
	p := population{contacts: map[int]map[string]map[string]bool{}}
	open := map[key][]*five{}
	var all []*five
	for in, counts := range released {
		for _, count := range counts {
			if count.GetService() == "" {
				p.contacts[in] = clientsWith(count.GetDoorsPerClientTenths())
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
						t.Fatalf("%s of %v in month %d is possible for no matter", what, name, in)
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
			p.matters = append(p.matters, one.lived)
		}
	}
	return p
}

// pick finds matters to which an event may happen: for taking, those whose possible wait fits the
// median best; for an end, those with the most events.
func pick(open []*five, what matter.Count, in month, median time.Duration) *five {
	var best *five
	better := func(one *five) bool {
		switch what {
		case matter.CountTaken:
			return in.far(one.sent, median) <= in.far(best.sent, median)
		case matter.CountDeclined, matter.CountClosed:
			return bits.OnesCount16(uint16(one.life)) > bits.OnesCount16(uint16(best.life))
		case matter.CountRepeat:
			return true // the last one, so that another one came before it
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

// clientsWith returns ten clients with the given number of contacts in all.
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

// extra returns an additional matter with an event in a month, and the events that must precede it.
func extra(name key, what matter.Count, in int) lived {
	l := lived{key: name, at: map[matter.Count]int{matter.CountSent: in, what: in}}
	switch what {
	case matter.CountNoShow, matter.CountAssessment, matter.CountPlan, matter.CountClosed:
		l.at[matter.CountTaken] = in
	}
	return l
}
