package callback

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/lease"
	"koppi.internal/pkg/mailbox"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	// maxBatch and maxBytes bound one call.
	maxBatch = 100
	maxBytes = 1 << 20
	// window is how many messages are read ahead while a call is in progress.
	window = 2 * maxBatch
	// reopenFrom and reopenTo are the shortest and longest wait before a mailbox is opened again.
	reopenFrom = 100 * time.Millisecond
	reopenTo   = 30 * time.Second
	// steady is how long a stream must last for the waits to begin anew.
	steady = time.Second
	// callerName is the name of the system as which the suite itself reads an agency's mailbox for
	// callbacks.
	callerName = "koppi-callbacks"
)

// caller calls one agency's endpoint. Its fields belong to one goroutine.
type caller struct {
	config   Config
	agency   string
	endpoint endpoint
	logger   *slog.Logger
	client   exchangev1.ExchangeServiceClient
	parking  exchangev1.ParkingServiceClient

	// cursor is the position after everything that the endpoint has taken.
	cursor mailbox.Cursor
	// unacknowledged is the part of it that the services have not recorded yet.
	unacknowledged mailbox.Cursor
	epoch          uint64
	// again is when the endpoint may be called again; the waits grow with each failure.
	again time.Time
	// most is how many messages one call holds; it is reduced after a call that failed.
	most  int
	waits *backoff.ExponentialBackOff
	// state is what operators are told of the endpoint.
	state *state
	// parked are the parked subjects, by service and subject, of the services that were read.
	parked map[string]map[string]*parked
}

func newCaller(config Config, agency string, at endpoint) *caller {
	c := &caller{
		state: config.States.of(agency), config: config, agency: agency, endpoint: at, logger: config.Logger.With(slog.String("agency", agency)),
		client: exchangev1.NewExchangeServiceClient(config.Exchange), parking: exchangev1.NewParkingServiceClient(config.Exchange),
		most: maxBatch, waits: newBackoff(config.Timing.FirstRetry, config.Timing.LastRetry),
	}
	c.state.caller = c
	return c
}

// newBackoff makes waits that double from first to last, each varied by up to a half.
func newBackoff(first, last time.Duration) *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: first, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: last}
}

// run calls the endpoint whenever this gateway is the one that calls it, until the context ends.
func (c *caller) run(ctx context.Context) {
	timing := c.config.Timing
	lease.Election{
		Leases: c.config.Leases, Name: "callback/" + c.agency, TTL: timing.Lease, Unchecked: timing.Unchecked, Logger: c.logger,
	}.Lead(ctx, c.lead)
}

// lead opens one session after another until the context ends, or another gateway opened the mailbox: should
// two gateways call, the epoch decides between them. Each stream that ends is opened again after a wait, because
// a stream may end as soon as it is open, and no lease may hold this gateway back: it leads on while Redis is down.
func (c *caller) lead(ctx context.Context) {
	c.forget()
	c.state.lead(true)
	defer c.state.lead(false)
	reopen := newBackoff(reopenFrom, reopenTo)
	for ctx.Err() == nil {
		begun := time.Now() //nolint:forbidigo // waits are of the wall clock
		opened, err := c.session(ctx)
		if opened && time.Since(begun) >= steady {
			reopen.Reset()
		}
		switch {
		case ctx.Err() != nil, err == nil, errors.Is(err, io.EOF), fault.ReasonOf(err) == fault.TokenExpired:
			// A stream ends within an hour.
		case fault.ReasonOf(err) == fault.TakenOver:
			c.logger.InfoContext(ctx, "callbacks taken over by another gateway")
			return
		case errors.Is(err, errAsked):
			c.forget()
			c.again = time.Time{}
			c.waits.Reset()
			continue
		default:
			c.logger.WarnContext(ctx, "callbacks interrupted", slog.String("error", err.Error()))
		}
		wait(ctx, reopen.NextBackOff())
	}
}

// forget drops the positions held here, as another gateway may have called the endpoint meanwhile. The
// services' positions then count.
func (c *caller) forget() { c.cursor, c.unacknowledged = nil, nil }

func wait(ctx context.Context, long time.Duration) {
	select {
	case <-time.After(long):
	case <-ctx.Done():
	}
}

// session opens the mailbox and calls the endpoint until the stream ends.
func (c *caller) session(ctx context.Context) (opened bool, err error) {
	group, ctx := errgroup.WithContext(identity.WithCaller(ctx, identity.Caller{
		Agency: c.agency, Role: identity.RoleSystem, System: true, SystemSubject: callerName,
	}))
	defer func() { _ = group.Wait() }()
	ctx, end := context.WithCancel(ctx)
	defer end()
	stream, err := c.client.Exchange(ctx)
	if err != nil {
		return false, err
	}
	first := &exchangev1.ExchangeRequest_Open{Cursor: c.cursor.String(), Window: window, Consumer: Consumer, WithRecords: true}
	if len(c.cursor) == 0 {
		first.Cursor = ""
	}
	if err := stream.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: first}}); err != nil {
		return false, err
	}
	answer, err := stream.Recv()
	if err != nil {
		return false, err
	}
	if c.cursor, err = mailbox.ParseCursor(answer.GetOpened().GetCursor()); err != nil {
		return false, err
	}
	c.epoch, c.parked = answer.GetOpened().GetTakeover(), map[string]map[string]*parked{}
	deliveries := make(chan *exchangev1.CaseMessage, window)
	group.Go(func() error { return receive(ctx, stream, deliveries) })
	group.Go(func() error { return c.work(ctx, stream, deliveries) })
	return true, group.Wait()
}

// receive passes deliveries on until the stream ends.
func receive(ctx context.Context, stream grpc.BidiStreamingClient[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse], to chan<- *exchangev1.CaseMessage) error {
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		if message := response.GetDelivery().GetMessage(); message != nil {
			select {
			case to <- message:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// work calls the endpoint with the messages that have arrived, and with parked ones that are to be
// retried.
func (c *caller) work(ctx context.Context, stream grpc.BidiStreamingClient[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse], deliveries <-chan *exchangev1.CaseMessage) error {
	var batch []*exchangev1.CaseMessage
	// A ticker in this select, and no periodic.Job: the parked subjects belong to this goroutine.
	reread := time.NewTicker(c.config.Timing.Reread)
	defer reread.Stop()
	if err := c.readAllParked(ctx); err != nil {
		return err
	}
	if err := c.sync(ctx); err != nil {
		return err
	}
	for {
		batch = fill(batch, deliveries)
		if one := c.due(); one != nil {
			if err := c.redeliver(ctx, one); err != nil {
				return err
			}
		}
		pause := time.Until(c.again)
		if len(batch) > 0 && pause <= 0 {
			taken, err := c.deliver(ctx, batch)
			if batch = batch[taken:]; err != nil {
				return err
			}
			if c.state.isPressing() {
				c.keep(ctx)
			}
			if taken > 0 {
				// This makes room in the window. The services have the acknowledgement already.
				_ = stream.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Acknowledge_{
					Acknowledge: &exchangev1.ExchangeRequest_Acknowledge{Cursor: c.cursor.String()},
				}})
			}
			continue
		}
		var retry <-chan time.Time
		from := deliveries
		if len(batch) > 0 {
			retry, from = time.After(pause), nil
		}
		select {
		case message := <-from:
			batch = append(batch, message)
		case <-retry:
		case <-c.state.now:
			c.callNow(ctx)
		case <-c.state.again:
			return errAsked
		case <-reread.C:
			if err := errors.Join(c.readAllParked(ctx), c.sync(ctx)); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fill adds the messages that have arrived to a batch, up to maxBatch. It does not wait.
func fill(batch []*exchangev1.CaseMessage, from <-chan *exchangev1.CaseMessage) []*exchangev1.CaseMessage {
	for len(batch) < maxBatch {
		select {
		case message := <-from:
			batch = append(batch, message)
		default:
			return batch
		}
	}
	return batch
}
