// Package limit keeps one agency from taking what all need: so many calls a second,
// over all replicas. The count is in Redis, with a time to live; a replica that cannot
// ask it counts for itself.
package limit

import (
	"cmp"
	"context"
	"strconv"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

const (
	// window is what is counted together.
	window = time.Second
	// answerTime is how long Redis is waited for: a limit must not slow calls down.
	answerTime = 50 * time.Millisecond
	// blindTime is how long Redis is not asked after it did not answer.
	blindTime = 5 * time.Second
	// maxLocal bounds who is counted in this process.
	maxLocal = 4096
)

// Limiter counts calls by who makes them. It is safe for concurrent use.
type Limiter struct {
	calls  int
	client *redis.Client

	mu sync.Mutex
	// local counts are of who called last.
	local *lru.Cache[string, *rate.Limiter]
	// blind is until when Redis is not asked.
	blind time.Time
}

// New limits to so many calls a second each. Without a client each replica counts for
// itself.
func New(calls int, client *redis.Client) *Limiter {
	local, err := lru.New[string, *rate.Limiter](maxLocal)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &Limiter{calls: calls, client: client, local: local}
}

// count adds a call to the second that it is in, and has it forgotten soon after.
var count = redis.NewScript(`
	local n = redis.call('INCR', KEYS[1])
	if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
	return n`)

// Allow tells whether one more call of somebody's is within the limit.
func (l *Limiter) Allow(ctx context.Context, who string) bool {
	now := time.Now() //nolint:forbidigo // limits are of the wall clock
	if l.client == nil || l.isBlind(now) {
		return l.alone(who, now)
	}
	limited, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	key := "koppi:calls:" + who + ":" + strconv.FormatInt(now.Unix(), 10)
	calls, err := count.Run(limited, l.client, []string{key}, (2 * window).Milliseconds()).Int()
	if err != nil {
		if ctx.Err() == nil {
			l.setBlind(now.Add(blindTime))
		}
		return l.alone(who, now)
	}
	return calls <= l.calls
}

func (l *Limiter) isBlind(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Before(l.blind)
}

func (l *Limiter) setBlind(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.blind = until
}

// alone counts in this process.
func (l *Limiter) alone(who string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	own, known := l.local.Get(who)
	if !known {
		own = rate.NewLimiter(rate.Limit(l.calls), l.calls)
		l.local.Add(who, own)
	}
	return own.AllowN(now, 1)
}

// check refuses a caller whose agency, or who as a client, is over the limit.
func (l *Limiter) check(ctx context.Context) error {
	caller, known := identity.FromContext(ctx)
	if !known || l.Allow(ctx, cmp.Or(caller.Agency, caller.Client)) {
		return nil
	}
	return fault.New(fault.Busy, "more than %d calls a second", l.calls)
}

// Unary limits calls. It comes behind whoever knows the caller.
func (l *Limiter) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if err := l.check(ctx); err != nil {
			return nil, err
		}
		return handle(ctx, request)
	}
}

// Stream limits the opening of streams; what is sent on them are calls.
func (l *Limiter) Stream() grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		if err := l.check(stream.Context()); err != nil {
			return err
		}
		return handle(server, stream)
	}
}
