// Package limit keeps one agency from taking what all need, and one worker's script
// from taking what the agency needs: so many calls a second over all replicas, and so
// many calls and streams under way in each process. Calls are counted by the generic cell
// rate algorithm, which has no window and so no window's edge: in Redis, with a time to
// live; a replica that cannot ask it counts for itself.
package limit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	redisrate "github.com/go-redis/redis_rate/v10"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

const (
	// atOnce is which part of a rate's calls may come at once: the rest comes as they
	// are refilled, so that no second holds more than one and a half of them.
	atOnce = 2
	// answerTime is how long Redis is waited for: a limit must not slow calls down.
	answerTime = 50 * time.Millisecond
	// blindTime is how long Redis is not asked after it did not answer.
	blindTime = 5 * time.Second
	// maxLocal bounds who is counted in this process.
	maxLocal = 4096
)

// Settings are the limits that operators set; 0 is none.
type Settings struct {
	Calls       int `name:"calls-per-second" help:"Calls a second that one agency may make, over all replicas, half of them at once; what the gateway asks services for a call counts too. 0 is no limit." default:"1000" env:"KOPPI_CALLS_PER_SECOND"`
	WorkerCalls int `name:"worker-calls-per-second" help:"Of these, calls a second that one worker or client may make, half of them at once; systems have their agency's. 0 is no limit." default:"100" env:"KOPPI_WORKER_CALLS_PER_SECOND"`
	AtOnce      int `name:"calls-at-once" help:"Calls of one agency that are under way in this process at once, of one worker an eighth of them; 0 is no limit." default:"256" env:"KOPPI_CALLS_AT_ONCE"`
	Streams     int `name:"streams-at-once" help:"Streams of one agency that stand in this process at once; of one worker 32. 0 is no limit." default:"4096" env:"KOPPI_STREAMS_AT_ONCE"`
}

// Open makes the limiter; nil where nothing is limited. Without a client each replica
// counts calls for itself. It fails where a limit is negative.
func (s Settings) Open(client *redis.Client) (*Limiter, error) {
	if min(s.Calls, s.WorkerCalls, s.AtOnce, s.Streams) < 0 {
		return nil, errors.New("--calls-per-second, --worker-calls-per-second, --calls-at-once and --streams-at-once are not negative")
	}
	if s == (Settings{}) {
		return nil, nil
	}
	local, err := lru.New[string, *rate.Limiter](maxLocal)
	if err != nil {
		return nil, err
	}
	limiter := &Limiter{settings: s, local: local, calls: &underWay{}, streams: &underWay{}}
	if client != nil {
		limiter.shared = redisrate.NewLimiter(client)
	}
	return limiter, nil
}

// Limiter counts calls by who makes them. It is safe for concurrent use.
type Limiter struct {
	settings Settings
	// shared counts for all replicas; nil without Redis.
	shared *redisrate.Limiter
	// calls and streams are under way.
	calls, streams *underWay

	mu sync.Mutex
	// local counts are of who called last.
	local *lru.Cache[string, *rate.Limiter]
	// blind is until when Redis is not asked.
	blind time.Time
}

// who is counted: an agency, and within it a worker; a client and an operator have no
// agency, and a system has all that its agency has. The suite itself is not counted.
type who struct{ agency, person string }

func whoIs(caller identity.Caller) who {
	w := who{agency: caller.Agency}
	switch {
	case caller.System, caller.Role == identity.RoleSuite:
	case caller.Client != "":
		w.person = named("client", caller.Client)
	default:
		w.person = named(caller.Agency, caller.Worker)
	}
	return w
}

// named stands for a person where Redis and memory count: workers are called by their
// names in some agencies.
func named(agency, person string) string {
	sum := sha256.Sum256([]byte(agency + "\x00" + person))
	return hex.EncodeToString(sum[:12])
}

// share is one of the limits that a call counts in.
type share struct {
	key   string
	calls int
	// period in which so many may come; a second where it is zero.
	period time.Duration
}

// full is one of the limits that has no room, and in what time it has.
type full struct {
	share

	after time.Duration
}

// limit is how many may come in the long run, and how many of them at once.
func (s share) limit() redisrate.Limit {
	return redisrate.Limit{Rate: s.calls, Period: cmp.Or(s.period, time.Second), Burst: max(1, s.calls/atOnce)}
}

// shares of a caller, the narrower first.
func (l *Limiter) shares(w who) []share {
	var all []share
	if w.person != "" && l.settings.WorkerCalls > 0 {
		all = append(all, share{key: "koppi:calls:person:" + w.person, calls: l.settings.WorkerCalls})
	}
	if w.agency != "" && l.settings.Calls > 0 {
		all = append(all, share{key: "koppi:calls:agency:" + w.agency, calls: l.settings.Calls})
	}
	return all
}

// Allow refuses one more call of a caller's, with reason BUSY, where that is over the
// person's or the agency's calls a second.
func (l *Limiter) Allow(ctx context.Context, caller identity.Caller) error {
	shares := l.shares(whoIs(caller))
	if len(shares) == 0 {
		return nil
	}
	if over := l.over(ctx, shares); over != nil {
		return fault.New(fault.Busy, "more than %d calls a second", over.calls).RetryAfter(over.after)
	}
	return nil
}

// over takes one from each share, the narrower first: what a person is refused takes
// nothing from the agency. It returns the share that has no room.
func (l *Limiter) over(ctx context.Context, shares []share) *full {
	now := time.Now() //nolint:forbidigo // limits are of the wall clock
	if l.shared == nil || l.isBlind(now) {
		return l.alone(shares, now)
	}
	limited, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	for i, one := range shares {
		result, err := l.shared.Allow(limited, one.key, one.limit())
		if err != nil {
			if ctx.Err() == nil {
				l.setBlind(now.Add(blindTime))
			}
			return l.alone(shares[i:], now)
		}
		if result.Allowed == 0 {
			return &full{one, result.RetryAfter}
		}
	}
	return nil
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
func (l *Limiter) alone(shares []share, now time.Time) *full {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range shares {
		own, known := l.local.Get(one.key)
		if !known {
			limit := one.limit()
			own = rate.NewLimiter(rate.Limit(float64(limit.Rate)/limit.Period.Seconds()), limit.Burst)
			l.local.Add(one.key, own)
		}
		room := own.ReserveN(now, 1)
		if after := room.DelayFrom(now); after > 0 {
			room.CancelAt(now)
			return &full{one, after}
		}
	}
	return nil
}
