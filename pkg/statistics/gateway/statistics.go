package gateway

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// settled is the time between a month's end and its closing. Steps that were under way at the end
// are recorded by then; what was shown once never changes.
const settled = time.Hour

// Statistics reads the counters of the services, once for each month, and keeps what is shown of
// them. It is safe for concurrent use.
type Statistics struct {
	services fanout.Services

	mu   sync.Mutex
	book *book
	// next is the first month that is not closed; empty until the first counter is recorded.
	next   month
	closed map[month][]*caseworkv1.LoopCount
}

// New makes the Statistics of services, by their names.
func New(services fanout.Services) *Statistics {
	return &Statistics{services: services, book: newBook(), closed: map[month][]*caseworkv1.LoopCount{}}
}

// Read returns what is shown for the months from first to last, both included, and reports whether
// the last of them is closed. The months must have the form of matter.Month. It fails if a service
// does not answer.
func (s *Statistics) Read(ctx context.Context, first, last string) ([]*caseworkv1.LoopCount, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, begin, err := s.begin(ctx)
	if err != nil {
		return nil, false, err
	}
	if s.next == "" {
		s.next = begin
	}
	running := month(matter.Month(now.Add(-settled)))
	for s.next != "" && s.next < running {
		all, err := s.gather(ctx, s.next)
		if err != nil {
			return nil, false, err
		}
		s.closed[s.next] = s.book.close(s.next, all)
		s.next = s.next.next()
	}
	var counts []*caseworkv1.LoopCount
	for _, in := range slices.Sorted(maps.Keys(s.closed)) {
		if month(first) <= in && in <= month(last) {
			counts = append(counts, s.closed[in]...)
		}
	}
	return counts, month(last) < running, nil
}

// begin returns the domain's time, which is the earliest clock of any service, and the first month
// in which a service counted anything.
func (s *Statistics) begin(ctx context.Context) (now time.Time, first month, err error) {
	err = s.counters(ctx, "", func(_ string, part *caseworkv1.TallyResponse) {
		if at := part.GetNow().AsTime(); now.IsZero() || at.Before(now) {
			now = at
		}
		if began := month(part.GetFirstMonth()); began != "" && (first == "" || began < first) {
			first = began
		}
	})
	return now, first, err
}

// gather reads the counters of a month from all services.
func (s *Statistics) gather(ctx context.Context, in month) (*counted, error) {
	all := newCounted()
	return all, s.counters(ctx, string(in), all.add)
}

// counters reads the counters of a month, or of none, from all services.
func (s *Statistics) counters(ctx context.Context, month string, take func(service string, part *caseworkv1.TallyResponse)) error {
	return fanout.Receive(ctx, s.services, func(ctx context.Context, service caseworkv1.SuiteServiceClient) (grpc.ServerStreamingClient[caseworkv1.TallyResponse], error) {
		return service.Tally(ctx, &caseworkv1.TallyRequest{Month: month})
	}, take)
}

func (c *counted) add(service string, part *caseworkv1.TallyResponse) {
	for _, one := range part.GetCounts() {
		name := key{service, one.GetSender(), one.GetReceiver()}
		if c.counts[name] == nil {
			c.counts[name] = map[matter.Count]int64{}
		}
		c.counts[name][matter.Count(one.GetWhat())] += one.GetLoops()
	}
	for _, one := range part.GetWaits() {
		name := key{service, one.GetSender(), one.GetReceiver()}
		c.waits[name] = append(c.waits[name], time.Duration(one.GetSeconds())*time.Second)
	}
	for _, one := range part.GetDoors() {
		client := string(one.GetClient())
		if c.contacts[client] == nil {
			c.contacts[client] = map[string]bool{}
		}
		c.contacts[client][string(one.GetDoor())] = true
	}
}
