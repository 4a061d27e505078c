package callback

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// ending is a merged exchange whose streams end after a while, in a regular way.
type ending struct {
	after  time.Duration
	opened int
	// most is how many streams may be opened; then the exchange calls enough.
	most   int
	enough func()
}

func (e *ending) NewStream(ctx context.Context, _ *grpc.StreamDesc, _ string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	if e.opened++; e.opened > e.most {
		e.enough()
	}
	return &endingStream{ctx: ctx, after: e.after}, nil
}

func (*ending) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	return errors.New("nothing is parked")
}

type endingStream struct {
	grpc.ClientStream

	ctx    context.Context
	after  time.Duration
	opened bool
}

func (*endingStream) SendMsg(any) error { return nil }

func (s *endingStream) RecvMsg(message any) error {
	if !s.opened {
		s.opened = true
		message.(*exchangev1.ExchangeResponse).Kind = &exchangev1.ExchangeResponse_Opened_{Opened: &exchangev1.ExchangeResponse_Opened{}}
		return nil
	}
	wait(s.ctx, s.after)
	return io.EOF
}

// unchecked are leases of a Redis that stopped after the lease was acquired.
type unchecked struct{ acquired int }

func (u *unchecked) Acquire(context.Context, string, time.Duration) (bool, error) {
	if u.acquired++; u.acquired == 1 {
		return true, nil
	}
	return false, errors.New("Redis is down")
}

func (*unchecked) Release(context.Context, string) error { return nil }

func (*unchecked) Close() error { return nil }

// While Redis is down, the gateway that calls opens each stream that ends again: soon if the stream worked, and
// after longer and longer waits if streams end as soon as they are open.
func TestReopen(t *testing.T) {
	for name, test := range map[string]struct {
		lasts     time.Duration
		least, at int
	}{
		"streams that work":        {10 * time.Minute, 5, 7},
		"streams that end at once": {0, 100, 300},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, end := context.WithTimeout(t.Context(), time.Hour)
				defer end()
				exchange := &ending{after: test.lasts, most: test.at, enough: end}
				newCaller(Config{
					Exchange: exchange, Leases: &unchecked{}, Logger: slog.New(slog.DiscardHandler), Timing: Timing{}.withDefaults(),
					States: &States{},
				}, "kela", &taking{}).run(ctx)
				if exchange.opened < test.least || exchange.opened > test.at {
					t.Errorf("%d streams were opened in an hour", exchange.opened)
				}
			})
		})
	}
}
