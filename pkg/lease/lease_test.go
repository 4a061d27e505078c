package lease_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"koppi.internal/pkg/lease"
	"koppi.internal/pkg/notify/redistest"
)

const ttl = 200 * time.Millisecond

// acquire checks whether a holder gets the lease.
func acquire(t *testing.T, holder lease.Leases, want bool) {
	t.Helper()
	if held, err := holder.Acquire(t.Context(), "thing", ttl); err != nil || held != want {
		t.Errorf("acquired: %v, %v, want %v", held, err, want)
	}
}

func release(t *testing.T, holder lease.Leases) {
	t.Helper()
	if err := holder.Release(t.Context(), "thing"); err != nil {
		t.Fatal(err)
	}
}

// acquired tries until a holder gets the lease.
func acquired(t *testing.T, holder lease.Leases) {
	t.Helper()
	for began := time.Now(); ; {
		if held, err := holder.Acquire(t.Context(), "thing", ttl); err != nil {
			t.Fatal(err)
		} else if held {
			return
		}
		if time.Since(began) > 10*time.Second {
			t.Fatal("the lease does not expire")
		}
		<-time.After(10 * time.Millisecond)
	}
}

// A lease has one holder until that releases it, or until it expires. The holder can renew it. A Redis that is
// down gives no answer, and one that lost its data gives the lease to the next holder that asks.
func TestOneHolder(t *testing.T) {
	server := redistest.Start(t)
	here, there := lease.NewRedis(server.Client()), lease.NewRedis(server.Client())
	acquire(t, here, true)
	acquire(t, there, false)
	acquire(t, here, true)
	release(t, there)
	acquire(t, there, false)
	release(t, here)
	acquire(t, there, true)
	acquired(t, here)
	if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	acquire(t, there, true)
	if left := server.Client().PTTL(t.Context(), "koppi:presence:thing").Val(); left <= 0 || left > ttl {
		t.Errorf("the lease lasts %v, want up to %v", left, ttl)
	}
	server.Down()
	if _, err := there.Acquire(t.Context(), "thing", ttl); err == nil {
		t.Error("without Redis there is an answer")
	}
	if err := there.Release(t.Context(), "thing"); err == nil {
		t.Error("a lease was released without Redis")
	}
}

// unanswered is a connection whose answers are lost: Redis does what it is asked, and the caller gets an error.
type unanswered struct{ lost bool }

func (u *unanswered) DialHook(next redis.DialHook) redis.DialHook { return next }

func (u *unanswered) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, command redis.Cmder) error {
		if err := next(ctx, command); err != nil || !u.lost {
			return err
		}
		command.SetErr(context.DeadlineExceeded)
		return context.DeadlineExceeded
	}
}

func (u *unanswered) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// A holder that got no answer can renew and release the lease that it may have.
func TestAnswerIsLost(t *testing.T) {
	server := redistest.Start(t)
	faults := &unanswered{}
	client := server.Client()
	client.AddHook(faults)
	here, there := lease.NewRedis(client), lease.NewRedis(server.Client())
	acquire(t, here, true) // Redis knows the script from now on
	release(t, here)
	lose := func() {
		t.Helper()
		faults.lost = true
		defer func() { faults.lost = false }()
		if _, err := here.Acquire(t.Context(), "thing", time.Minute); err == nil {
			t.Fatal("the answer was not lost")
		}
	}
	lose()
	acquire(t, there, false)
	acquire(t, here, true)
	release(t, here)
	acquire(t, there, true)
	release(t, there)
	lose()
	release(t, here)
	acquire(t, there, true)
}

// The previous version acquires and releases leases with these scripts.
var (
	previousAcquire = redis.NewScript(`
		local holder = redis.call('GET', KEYS[1])
		if holder and holder ~= ARGV[1] then return 0 end
		redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
		return 1`)
	previousRelease = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1`)
)

// previous is a holder of the previous version.
type previous struct {
	client *redis.Client
	holder string
}

func (p previous) Acquire(ctx context.Context, name string, ttl time.Duration) (bool, error) {
	return previousAcquire.Run(ctx, p.client, []string{"koppi:presence:" + name}, p.holder, ttl.Milliseconds()).Bool()
}

func (p previous) Release(ctx context.Context, name string) error {
	return previousRelease.Run(ctx, p.client, []string{"koppi:presence:" + name}, p.holder).Err()
}

func (p previous) Close() error { return p.client.Close() }

// During a rolling upgrade, holders of this and of the previous version respect each other's leases.
func TestPreviousVersion(t *testing.T) {
	server := redistest.Start(t)
	now := lease.NewRedis(server.Client())
	before := previous{server.Client(), "0193e3a1-7c2d-7000-8000-000000000000"}
	for _, holders := range [][2]lease.Leases{{now, before}, {before, now}} {
		first, second := holders[0], holders[1]
		acquire(t, first, true)
		acquire(t, second, false)
		release(t, second)
		acquire(t, second, false)
		acquire(t, first, true)
		release(t, first)
		acquire(t, second, true)
		acquired(t, first) // after it expired
		acquire(t, second, false)
		release(t, first)
	}
}
