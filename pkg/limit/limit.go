// Package limit applies rate limits, so that one agency cannot use up the capacity that all need, and one
// worker's script not that of its agency. It limits calls per second over all replicas, and concurrent calls
// and streams in each process. Calls are counted by the generic cell rate algorithm, which has no fixed
// window and therefore no burst at a window's edge. The counts are in Redis, with a time to live; a replica
// that cannot reach Redis counts for itself.
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

	"koppi.internal/pkg/breaker"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

const (
	// atOnce divides a rate into the part that may come at once, 1/atOnce of a second's calls. The rest is
	// refilled over the second, so that no second has more than one and a half times the rate.
	atOnce = 2
	// answerTime is the timeout of a call to Redis, because a limit must not slow calls down.
	answerTime = 50 * time.Millisecond
	// maxLocal is the most callers that are counted in this process.
	maxLocal = 4096
)

// Settings are the limits that operators set; 0 is no limit.
type Settings struct {
	Calls       int `name:"calls-per-second" help:"Calls per second that one agency may make, over all replicas, half of them at once. Calls that the gateway makes to services for a caller count too. 0 is no limit." default:"1000" env:"KOPPI_CALLS_PER_SECOND"`
	WorkerCalls int `name:"worker-calls-per-second" help:"Of these, calls per second that one worker or client may make, half of them at once. A system may use its agency's whole limit. 0 is no limit." default:"100" env:"KOPPI_WORKER_CALLS_PER_SECOND"`
	AtOnce      int `name:"calls-at-once" help:"Calls of one agency that may be in progress in this process at once, an eighth of them of one worker. 0 is no limit." default:"256" env:"KOPPI_CALLS_AT_ONCE"`
	Streams     int `name:"streams-at-once" help:"Streams of one agency that may be open in this process at once, 32 of them of one worker. 0 is no limit." default:"4096" env:"KOPPI_STREAMS_AT_ONCE"`
}

// Open returns the limiter; nil if nothing is limited. Without a client each replica counts calls for itself.
// It returns an error if a limit is negative.
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
	limiter := &Limiter{settings: s, local: local, calls: &inProgress{}, streams: &inProgress{}}
	if client != nil {
		limiter.shared, limiter.circuit = redisrate.NewLimiter(client), breaker.New[counted](answerTime)
	}
	return limiter, nil
}

// Limiter limits calls by caller. It is safe for concurrent use.
type Limiter struct {
	settings Settings
	// shared counts for all replicas, through circuit; both are nil without Redis.
	shared  *redisrate.Limiter
	circuit *breaker.Breaker[counted]
	// calls and streams count those in progress.
	calls, streams *inProgress

	mu sync.Mutex
	// local counts the most recent callers in this process.
	local *lru.Cache[string, *rate.Limiter]
}

// who is the caller as it is counted: an agency, and a worker of it. A client and an operator have no agency,
// and a system may use all of its agency's limit. The suite itself is not counted.
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

// named returns the key of a person in Redis and memory. It is a hash, because the worker ids of some
// agencies are names.
func named(agency, person string) string {
	sum := sha256.Sum256([]byte(agency + "\x00" + person))
	return hex.EncodeToString(sum[:12])
}

// share is one of the limits that apply to a call.
type share struct {
	key   string
	calls int
	// period in which so many calls may come; 0 is one second.
	period time.Duration
}

// full is a limit that is reached, and the time until it allows a call again.
type full struct {
	share

	after time.Duration
}

// limit returns the rate, and how many calls may come at once.
func (s share) limit() redisrate.Limit {
	return redisrate.Limit{Rate: s.calls, Period: cmp.Or(s.period, time.Second), Burst: max(1, s.calls/atOnce)}
}

// shares returns the limits of a caller, the narrower first.
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

// Allow counts one more call of a caller. It refuses with reason BUSY if that exceeds the calls per second of
// the person or the agency.
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

// over counts a call in each limit, the narrower first, so that a call refused for the person does not count
// for the agency. It returns the limit that is reached; nil if none is.
func (l *Limiter) over(ctx context.Context, shares []share) *full {
	now := time.Now() //nolint:forbidigo // limits are of the wall clock
	if l.shared == nil {
		return l.countLocally(shares, now)
	}
	shared, err := l.circuit.Do(ctx, func(ctx context.Context) (counted, error) { return l.countShared(ctx, shares) })
	if err != nil {
		return l.countLocally(shares[shared.shares:], now)
	}
	return shared.over
}

// counted is how many of a call's limits Redis has counted the call in, and the limit that is reached; nil if
// none is.
type counted struct {
	shares int
	over   *full
}

// countShared counts in Redis, for all replicas.
func (l *Limiter) countShared(ctx context.Context, shares []share) (counted, error) {
	for i, one := range shares {
		result, err := l.shared.Allow(ctx, one.key, one.limit())
		if err != nil {
			return counted{shares: i}, err
		}
		if result.Allowed == 0 {
			return counted{over: &full{one, result.RetryAfter}}, nil
		}
	}
	return counted{}, nil
}

// countLocally counts in this process only.
func (l *Limiter) countLocally(shares []share, now time.Time) *full {
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
