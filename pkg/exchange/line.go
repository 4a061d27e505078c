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
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Line is what a standing connection reads from and sends to.
type Line struct {
	// Mailboxes of the caller's agency, one a service.
	Mailboxes []Mailbox
	Caller    identity.Caller
	// Epoch is the number to open consumers with, the same in all mailboxes; 0
	// takes the next one, where there is one mailbox.
	Epoch uint64
	// Patient lines try a mailbox that does not answer again: it delays its own
	// messages alone. Others end.
	Patient bool
	// Woken tells which of the agency's mailboxes may hold more.
	Woken   *Notifications
	Readers *Readers
	Drained <-chan struct{}
	Methods Methods
	// Invoke passes a call through the same chain of handlers as any other.
	Invoke func(path string, in, out proto.Message) error
}

// Stream is a partner system's end of a standing connection.
type Stream = grpc.BidiStreamingServer[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse]

// Serve lives on a stream until it ends. Prepare makes the line once the stream's
// caller has said how to open it; release is called at the end.
func Serve(stream Stream, prepare func(ctx context.Context) (line Line, release func(), err error)) error {
	ctx, end := context.WithCancelCause(stream.Context())
	defer end(nil)
	line, release, err := prepare(ctx)
	if err != nil {
		return err
	}
	defer release()
	in := inlet(ctx, stream.Recv)
	request, err := first(ctx, in)
	if err != nil {
		return err
	}
	if request.GetOpen() == nil {
		return fault.New(fault.InvalidField, "the first request opens the stream").Field("open", "required first")
	}
	c := newConnection(line, request.GetOpen())
	if err := c.open(ctx); err != nil {
		return err
	}
	defer line.Readers.enter(consumerKey{line.Caller.Agency, c.consumer}, c.takeover, end)()
	out := newOutlet(stream.Send)
	defer out.close()
	err = c.run(ctx, in, out)
	if fault.ReasonOf(err) != fault.TakenOver {
		c.flush(ctx)
	}
	return err
}

// connection is one standing connection; its fields belong to run.
type connection struct {
	line     Line
	cursor   string
	consumer string
	takeover uint64
	records  bool
	window   uint64

	lanes []*mailboxReader
	turn  int
	// events are what lanes' work in the background came to.
	events chan event
	// retry runs while a lane waits to be tried again, settling while one waits to make
	// an acknowledgement durable.
	retry, settling *time.Timer
	// receipts wait to be sent, and beat is a heartbeat that is due.
	receipts []*exchangev1.ExchangeResponse
	beat     bool
	sends    *sends
	// closing tells that the client will send no more.
	closing bool
}

func newConnection(line Line, open *exchangev1.ExchangeRequest_Open) *connection {
	c := &connection{
		line: line, cursor: open.GetCursor(), consumer: consumer(open.GetConsumer()), takeover: line.Epoch,
		records: open.GetWithRecords(), window: uint64(open.GetWindow()), events: make(chan event, 3*len(line.Mailboxes)),
		sends: newSends(line.Methods, line.Invoke),
	}
	if c.window == 0 {
		c.window = defaultWindow
	}
	return c
}

const (
	// defaultWindow is what a reader that names no window has in flight at most.
	defaultWindow = 100
	// readAhead is how many messages of a lane are read at once, and farAhead how many
	// for a reader that is far behind and takes them; half as many more may be held.
	readAhead = 64
	farAhead  = 512
	// retryAfter is the wait before a mailbox that did not answer is tried again.
	retryAfter = time.Second
	// settleEvery is how often a lane's acknowledgements are made durable: as much is
	// delivered again where a process dies.
	settleEvery = time.Second
)

func (c *connection) run(ctx context.Context, in <-chan received[exchangev1.ExchangeRequest], out *sender[exchangev1.ExchangeResponse]) error {
	heartbeat := time.NewTicker(heartbeatEvery)
	defer heartbeat.Stop()
	life, farewell := LifeOf(c.line.Caller)
	end := time.NewTimer(life)
	defer end.Stop()
	for {
		c.work(ctx)
		if c.closing && c.sends.pending == 0 && len(c.receipts) == 0 && !c.isSettling() {
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
			if err := c.receive(r); err != nil {
				return err
			}
		case one := <-c.sends.done:
			c.sends.finished(one)
			c.receipts = append(c.receipts, one.receipt)
		case e := <-c.events:
			if err := c.settle(e); err != nil {
				return err
			}
		case <-c.line.Woken.signal:
			woken := c.line.Woken.take()
			for _, l := range c.lanes {
				l.tell(woken[l.mailbox.Service()])
			}
		case <-running(c.settling):
			c.settling = nil
		case <-running(c.retry):
			c.retry = nil
			for _, l := range c.lanes {
				l.paused = false
			}
		case <-heartbeat.C:
			c.beat = true
		case err := <-out.failed:
			return err
		case <-end.C:
			return farewell
		case <-c.line.Drained:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// running is a timer's channel; nil where there is none.
func running(timer *time.Timer) <-chan time.Time {
	if timer == nil {
		return nil
	}
	return timer.C
}

// next is what goes out next, and how to forget it once it has gone.
func (c *connection) next() (message *exchangev1.ExchangeResponse, pop func()) {
	switch {
	case len(c.receipts) > 0:
		return c.receipts[0], func() { c.receipts = c.receipts[1:] }
	case c.beat:
		beat := &exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Heartbeat_{Heartbeat: &exchangev1.ExchangeResponse_Heartbeat{}}}
		return beat, func() { c.beat = false }
	}
	// Lanes take turns, so that a long one does not hold up the others.
	for i := range c.lanes {
		l := c.lanes[(c.turn+i)%len(c.lanes)]
		if len(l.page) == 0 {
			continue
		}
		message := l.page[0]
		at := position(l.mailbox.Service(), message.GetSequence(), message.GetChainHash())
		delivery := &exchangev1.ExchangeResponse_Delivery{Message: message, Cursor: c.cursorWith(at)}
		return &exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Delivery_{Delivery: delivery}}, func() {
			l.page, l.sent, l.held = l.page[1:], at, l.held-proto.Size(message)
			c.turn++
		}
	}
	return nil, nil
}

// cursorWith is the cursor behind everything sent, and one position more.
func (c *connection) cursorWith(at Position) string {
	cursor := make(Cursor, 0, len(c.lanes))
	for _, l := range c.lanes {
		if l.mailbox.Service() == at.Service {
			cursor = append(cursor, at)
		} else {
			cursor = append(cursor, l.sent)
		}
	}
	return cursor.String()
}

func (c *connection) receive(r received[exchangev1.ExchangeRequest]) error {
	if errors.Is(r.err, io.EOF) {
		c.closing = true
		for _, l := range c.lanes {
			l.page, l.held = nil, 0
		}
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
		for _, l := range c.lanes {
			if at := cursor.At(l.mailbox.Service()); at.Sequence > l.wanted.Sequence {
				// The window is the reader's, who has taken them; durable they are soon.
				l.wanted, l.acknowledged = at, max(l.acknowledged, min(at.Sequence, l.read.Sequence))
			}
		}
		return nil
	default:
		return fault.New(fault.InvalidField, "an open stream takes sends and acknowledgements").Field("kind", "send or acknowledge")
	}
}
