package exchange

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	// defaultWindow is what a reader that names no window has in flight at most.
	defaultWindow = 100
	// readAhead is the most messages of a stream that are held here.
	readAhead = 64
)

// Exchange is a partner system's standing connection: deliveries from its agency's
// mailbox, and what it sends, answered by receipts.
func (s *Server) Exchange(stream grpc.BidiStreamingServer[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse]) error {
	ctx, end := context.WithCancelCause(stream.Context())
	defer end(nil)
	caller, err := system(ctx)
	if err != nil {
		return err
	}
	in := inlet(ctx, stream.Recv)
	request, err := first(ctx, in)
	if err != nil {
		return err
	}
	if request.GetOpen() == nil {
		return fault.New(fault.InvalidField, "the first request opens the stream").Field("open", "required first")
	}
	c, err := s.openConnection(ctx, caller, request.GetOpen())
	if err != nil {
		return err
	}
	defer s.readers.enter(consumerKey{caller.Agency, c.consumer}, c.takeover, end)()
	out := newOutlet(stream.Send)
	defer out.close()
	return c.run(ctx, in, out)
}

// connection is one standing connection; its fields belong to run.
type connection struct {
	server   *Server
	caller   identity.Caller
	consumer string
	takeover uint64
	records  bool
	window   uint64

	// read is the last message read from the mailbox, acknowledged the last one
	// that is no longer in flight, and durable the consumer's cursor.
	read, acknowledged, durable uint64
	// behind tells that the mailbox may hold more than was read.
	behind bool
	// page and receipts wait to be sent, and beat is a heartbeat that is due.
	page, receipts []*exchangev1.ExchangeResponse
	beat           bool

	sends *sends
	// wanted is the last acknowledgement that came in; one is made durable at a time.
	wanted    Position
	advancing bool
	advanced  chan advanced
	// closing tells that the client will send no more.
	closing bool
}

// advanced is an acknowledgement that was made durable, or refused.
type advanced struct {
	sequence uint64
	err      error
}

// openConnection takes the consumer over. What the stream will read is recorded
// before it reads: the mailbox, from where on.
func (s *Server) openConnection(ctx context.Context, caller identity.Caller, open *exchangev1.ExchangeRequest_Open) (*connection, error) {
	from, err := s.from(ctx, caller.Agency, open.GetCursor(), open.GetConsumer())
	if err != nil {
		return nil, err
	}
	if err := s.recordRange(ctx, caller, exchangev1.ExchangeService_Exchange_FullMethodName, from.Sequence+1, 0); err != nil {
		return nil, err
	}
	name := consumer(open.GetConsumer())
	taken, err := s.config.Store.Advance(ctx, journal.Advance{
		Agency: caller.Agency, Consumer: name, TakeOver: true, At: s.config.Clock.Now(),
	})
	if err != nil {
		return nil, fault.Store(err)
	}
	heads, err := s.config.Store.Heads(ctx, caller.Agency)
	if err != nil {
		return nil, fault.Store(err)
	}
	c := &connection{
		server: s, caller: caller, consumer: name, takeover: taken.Takeover, records: open.GetWithRecords(), window: uint64(open.GetWindow()),
		read: from.Sequence, acknowledged: from.Sequence, durable: taken.Sequence, behind: true, advanced: make(chan advanced, 1),
	}
	if c.window == 0 {
		c.window = defaultWindow
	}
	c.receipts = append(c.receipts, &exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Opened_{Opened: &exchangev1.ExchangeResponse_Opened{
		Cursor: Cursor{from}.String(), Takeover: taken.Takeover, Backlog: backlog(heads[caller.Agency].Sequence, from.Sequence),
	}}})
	calls := identity.Forward(ctx)
	c.sends = newSends(s.methods, func(path string, in, out proto.Message) error {
		return s.config.Calls.Invoke(calls, path, in, out)
	})
	return c, nil
}

func (c *connection) run(ctx context.Context, in <-chan received[exchangev1.ExchangeRequest], out *outlet[exchangev1.ExchangeResponse]) error {
	woken, unsubscribe := c.server.config.Wake.Subscribe(c.caller.Agency)
	defer unsubscribe()
	heartbeat := time.NewTicker(heartbeatEvery)
	defer heartbeat.Stop()
	life, farewell := lifeOf(c.caller)
	end := time.NewTimer(life)
	defer end.Stop()
	for {
		if err := c.fill(ctx); err != nil {
			return err
		}
		if c.closing && c.sends.pending == 0 && len(c.receipts) == 0 && !c.advancing {
			return nil
		}
		next, pop := c.next()
		var to chan<- *exchangev1.ExchangeResponse
		if next != nil {
			to = out.messages
		}
		from := in
		if c.closing || len(c.receipts) >= maxPending {
			// Who takes no receipts is not read further.
			from = nil
		}
		select {
		case to <- next:
			pop()
		case r := <-from:
			if err := c.receive(ctx, r); err != nil {
				return err
			}
		case one := <-c.sends.done:
			c.sends.finished(one)
			c.receipts = append(c.receipts, one.receipt)
		case a := <-c.advanced:
			if err := c.settle(ctx, a); err != nil {
				return err
			}
		case <-woken:
			c.behind = true
		case <-heartbeat.C:
			if err := c.server.checkTakeover(ctx, c); err != nil {
				return err
			}
			c.beat = true
		case err := <-out.failed:
			return err
		case <-end.C:
			return farewell
		case <-c.server.drained:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// next is what goes out next, and how to forget it once it has gone.
func (c *connection) next() (message *exchangev1.ExchangeResponse, pop func()) {
	switch {
	case len(c.receipts) > 0:
		return c.receipts[0], func() { c.receipts = c.receipts[1:] }
	case c.beat:
		beat := &exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Heartbeat_{Heartbeat: &exchangev1.ExchangeResponse_Heartbeat{}}}
		return beat, func() { c.beat = false }
	case len(c.page) > 0:
		return c.page[0], func() { c.page = c.page[1:] }
	}
	return nil, nil
}

// fill reads on once everything read has been sent, as far as the window allows.
func (c *connection) fill(ctx context.Context) error {
	inFlight := c.read - c.acknowledged
	if len(c.page) > 0 || !c.behind || c.closing || inFlight >= c.window {
		return nil
	}
	limit := min(readAhead, c.window-inFlight)
	deliveries, err := c.server.config.Store.Deliveries(ctx, journal.DeliveryQuery{Agency: c.caller.Agency, After: c.read, Limit: int(limit)})
	if err != nil {
		return fault.Store(err)
	}
	c.behind = uint64(len(deliveries)) == limit
	c.page = nil
	for _, delivery := range deliveries {
		message, err := Message(c.server.config.Service, delivery, c.records)
		if err != nil {
			return err
		}
		c.read = delivery.Sequence
		cursor := Cursor{position(c.server.config.Service, delivery.Sequence, delivery.ChainHash)}.String()
		c.page = append(c.page, &exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Delivery_{
			Delivery: &exchangev1.ExchangeResponse_Delivery{Message: message, Cursor: cursor},
		}})
	}
	return nil
}

func (c *connection) receive(ctx context.Context, r received[exchangev1.ExchangeRequest]) error {
	if errors.Is(r.err, io.EOF) {
		c.closing, c.page = true, nil
		return nil
	}
	if r.err != nil {
		return r.err
	}
	switch kind := r.message.GetKind().(type) {
	case *exchangev1.ExchangeRequest_Send_:
		if refusal := c.sends.add(kind.Send); refusal != nil {
			c.receipts = append(c.receipts, refusal)
		}
		return nil
	case *exchangev1.ExchangeRequest_Acknowledge_:
		cursor, err := ParseCursor(kind.Acknowledge.GetCursor())
		if err != nil {
			return invalidCursor()
		}
		if at := cursor.At(c.server.config.Service); at.Sequence > c.wanted.Sequence {
			c.wanted = at
		}
		c.advance(ctx)
		return nil
	default:
		return fault.New(fault.InvalidField, "an open stream takes sends and acknowledgements").Field("kind", "send or acknowledge")
	}
}

// advance makes the last acknowledgement durable, one at a time: those that come
// meanwhile are one in the end.
func (c *connection) advance(ctx context.Context) {
	if c.advancing || c.wanted.Sequence <= c.durable {
		return
	}
	c.advancing = true
	go func(at Position) {
		c.advanced <- advanced{at.Sequence, c.server.advance(ctx, c.caller.Agency, c.consumer, at, c.takeover)}
	}(c.wanted)
}

func (c *connection) settle(ctx context.Context, a advanced) error {
	if a.err != nil {
		return a.err
	}
	c.advancing = false
	c.durable = a.sequence
	c.acknowledged = max(c.acknowledged, min(a.sequence, c.read))
	c.advance(ctx)
	return nil
}
