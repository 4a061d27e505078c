package load

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
)

const (
	// callTime limits one attempt of a command.
	callTime = 30 * time.Second
	// tries is how often a command is attempted that gets no answer or is refused for the moment;
	// retryAfter is the wait before the second attempt.
	tries, retryAfter = 8, 50 * time.Millisecond
	// overtime is how long after the end of the run the driver still gives commands that were due.
	overtime = time.Minute
)

// driver gives each command when it is due.
type driver struct {
	services  []services
	tokens    *tokens
	generator *generator
	books     map[string]*book
	measures  *measures
	began     time.Time
	// places limits the commands in flight.
	places chan struct{}

	mu sync.Mutex
	// ready are the scripts whose next command may be given.
	ready []script
}

// drive gives each command at its moment, until all are answered or the context ends. A command
// does not wait for the answers of others, unless too many are in flight; its latency counts from
// the moment when it was due. drive returns how many commands were never given.
func (d *driver) drive(ctx context.Context, p pace, random *rand.Rand) (unsent int) {
	d.began = time.Now()
	limit, cancel := context.WithDeadline(ctx, d.began.Add(p.duration+overtime))
	defer cancel()
	fresh := 1 / meanSteps()
	var flying sync.WaitGroup
	for due := range p.arrivals(random) {
		if !d.reach(limit, due) {
			if ctx.Err() == nil {
				unsent++
				continue
			}
			break // interrupted: commands due later are not counted
		}
		next := d.next(random.Float64() < fresh)
		flying.Go(func() {
			defer func() { <-d.places }()
			d.command(context.WithoutCancel(ctx), next, due)
		})
	}
	flying.Wait()
	return unsent
}

// reach waits until a command is due and has a place among those in flight. It returns false if the
// context ends first.
func (d *driver) reach(ctx context.Context, due time.Duration) bool {
	select {
	case <-time.After(time.Until(d.began.Add(due))):
	case <-ctx.Done():
		return false
	}
	select {
	case d.places <- struct{}{}:
		d.measures.begin(due, 0, false)
		return true
	default:
	}
	select {
	case d.places <- struct{}{}:
		d.measures.begin(due, time.Since(d.began)-due, true)
		return true
	case <-ctx.Done():
		return false
	}
}

// next returns the script to continue: a new one, or the one that has waited longest. If none
// waits, it starts a new one, so that slow answers do not reduce the rate of commands.
func (d *driver) next(fresh bool) script {
	d.mu.Lock()
	defer d.mu.Unlock()
	if fresh || len(d.ready) == 0 {
		return d.generator.next()
	}
	oldest := d.ready[0]
	d.ready = d.ready[1:]
	return oldest
}

// command gives the next command of a script and repeats it until it is answered or given up.
func (d *driver) command(ctx context.Context, of script, due time.Duration) {
	next, request := of[0], uuid.New()
	to := d.services[int(request[0])%len(d.services)]
	sent := time.Now()
	for try, wait := 1, retryAfter; ; try, wait = try+1, 2*wait {
		deliveries, err := d.once(ctx, to, next, request.String())
		if err == nil {
			d.measures.accept(next.name, due, time.Since(d.began))
			for _, one := range deliveries {
				for _, agency := range one.agencies {
					d.books[agency].expect(one.subject, one.event, sent)
				}
			}
			d.goOn(of[1:])
			return
		}
		last := try == tries || !passing(err)
		d.measures.fail(err, time.Since(d.began), last)
		if last {
			return
		}
		<-time.After(wait)
	}
}

func (d *driver) once(ctx context.Context, to services, next step, request string) ([]delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	ctx, err := d.tokens.as(ctx, next.by)
	if err != nil {
		return nil, err
	}
	return next.do(ctx, to, request)
}

func (d *driver) goOn(rest script) {
	if len(rest) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ready = append(d.ready, rest)
}

// passing reports whether another attempt may succeed: the outcome of this one is unknown, or the
// server had no room for it.
func passing(err error) bool {
	switch fault.ReasonOf(err) {
	case fault.Busy, fault.Unavailable:
		return true
	case "":
		code := status.Code(err)
		return code == codes.Unavailable || code == codes.DeadlineExceeded || code == codes.Canceled
	default:
		return false
	}
}
