package gateway

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc"

	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/periodic"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

const (
	// settled is the time between a month's end and its closing. Steps that were under way at the end
	// are recorded by then; what was shown once never changes.
	settled = time.Hour
	// closeEvery is the time between two closings in the background.
	closeEvery = 10 * time.Minute
	// closeWithin bounds one closing. A month of ten million events takes a minute.
	closeWithin = time.Hour
)

// Statistics reads the counters of the services, once for each month, and keeps what is shown of
// them. It is safe for concurrent use.
type Statistics struct {
	services fanout.Services
	logger   *slog.Logger
	// closing closes months for all readers that wait for it, in turn.
	closing singleflight.Group
	// book is used by closing alone.
	book *book

	mu sync.Mutex
	// next is the first month that is not closed; empty until the first counter is recorded.
	next   month
	closed map[month][]*caseworkv1.LoopCount
}

// New makes the Statistics of services, by their names. All months are counted anew, by Run or for
// the first reader.
func New(services fanout.Services, logger *slog.Logger) *Statistics {
	return &Statistics{services: services, logger: logger, book: newBook(), closed: map[month][]*caseworkv1.LoopCount{}}
}

// Run closes months soon after they have ended, so that no reader waits for it, until the context
// ends.
func (s *Statistics) Run(ctx context.Context) {
	periodic.Job{Name: "the statistics cannot be counted", Every: closeEvery, Level: slog.LevelWarn, Logger: s.logger, Do: func(ctx context.Context) error {
		_, err := s.catchUp(ctx)
		return err
	}}.Run(ctx)
}

// Read returns what is shown for the months from first to last, both included, and reports whether
// the last of them is closed. The months must have the form of matter.Month. It fails if a service
// does not answer. A reader whose context ends meanwhile does not interrupt the counting.
func (s *Statistics) Read(ctx context.Context, first, last string) ([]*caseworkv1.LoopCount, bool, error) {
	running, err := s.catchUp(ctx)
	if err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var counts []*caseworkv1.LoopCount
	for _, in := range slices.Sorted(maps.Keys(s.closed)) {
		if month(first) <= in && in <= month(last) {
			counts = append(counts, s.closed[in]...)
		}
	}
	return counts, month(last) < running, nil
}

// catchUp waits until all months that have ended are closed, and returns the first that has not.
func (s *Statistics) catchUp(ctx context.Context) (running month, err error) {
	now, begin, err := s.begin(ctx)
	if err != nil {
		return "", err
	}
	running = month(matter.Month(now.Add(-settled)))
	for s.isBehind(begin, running) {
		// It may close months for another reader, to whom the clock was earlier.
		done := s.closing.DoChan("", func() (any, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
			defer cancel()
			return nil, periodic.Contain(func() error { return s.closeUntil(ctx, begin, running) })
		})
		select {
		case closed := <-done:
			if closed.Err != nil {
				return "", closed.Err
			}
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return running, nil
}

func (s *Statistics) isBehind(begin, running month) bool {
	next := s.following(begin)
	return next != "" && next < running
}

// following is the first month that is not closed, where counting began in a month.
func (s *Statistics) following(begin month) month {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.next, begin)
}

// closeUntil closes the months before one that is running.
func (s *Statistics) closeUntil(ctx context.Context, begin, running month) error {
	for in := s.following(begin); in != "" && in < running; in = in.next() {
		all, err := s.gather(ctx, in)
		if err != nil {
			return err
		}
		counts := s.book.close(in, all)
		s.mu.Lock()
		s.closed[in], s.next = counts, in.next()
		s.mu.Unlock()
	}
	return nil
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
