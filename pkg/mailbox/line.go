package mailbox

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

// Line is what one session needs: the mailboxes that it reads and the way to send calls.
type Line struct {
	// Mailboxes are the mailboxes of the caller's agency, one for each service.
	Mailboxes []Mailbox
	Caller    identity.Caller
	// Epoch is the number with which to open consumers, the same in all mailboxes. 0 takes the next number,
	// and is allowed only if there is a single mailbox.
	Epoch uint64
	// Patient makes the session retry a mailbox that does not answer, which delays the messages of that
	// mailbox only. Without it, such a failure ends the session.
	Patient bool
	// Woken says which of the agency's mailboxes may hold new messages.
	Woken   *Notifications
	Readers *Readers
	Drained <-chan struct{}
	Methods Methods
	// Invoke makes a unary call through the same interceptors and handlers as any other call.
	Invoke func(path string, in, out proto.Message) error
}

// Stream is the server's side of a partner system's bidirectional stream.
type Stream = grpc.BidiStreamingServer[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse]

// Serve runs a session on a stream until the stream ends. It calls prepare first, which authenticates the
// caller and returns the line, and calls release at the end. The first request must open the stream.
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

// connection is the state of one session. Only the goroutine in run may use its fields.
type connection struct {
	line     Line
	cursor   string
	consumer string
	takeover uint64
	records  bool
	window   uint64

	lanes []*mailboxReader
	turn  int
	// events carries the results of background work of the mailbox readers to run.
	events chan event
	// retry is set while a mailbox reader waits to be retried, settling while one waits to make an
	// acknowledgement durable.
	retry, settling *time.Timer
	// receipts are waiting to be sent; beat says that a heartbeat is due.
	receipts []*exchangev1.ExchangeResponse
	beat     bool
	sends    *sends
	// closing says that the client has closed its sending side.
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
	// defaultWindow is the most messages in flight for a reader that names no window.
	defaultWindow = 100
	// readAhead is how many messages are read from a mailbox at once, and farAhead how many at most for a
	// reader that is far behind and keeps up with what it gets. A mailbox reader may hold half as many more.
	readAhead = 64
	farAhead  = 512
	// retryAfter is the wait before a mailbox that did not answer is tried again.
	retryAfter = time.Second
	// settleEvery is how often the acknowledgements of a mailbox are made durable. If the process dies, at
	// most the messages of this interval are delivered again.
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
			// Stop reading from a client that does not take its receipts.
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

// running returns the channel of a timer, or nil if there is no timer.
func running(timer *time.Timer) <-chan time.Time {
	if timer == nil {
		return nil
	}
	return timer.C
}

// next returns the message to send next, and a function that removes it once it has been sent.
func (c *connection) next() (message *exchangev1.ExchangeResponse, pop func()) {
	switch {
	case len(c.receipts) > 0:
		return c.receipts[0], func() { c.receipts = c.receipts[1:] }
	case c.beat:
		beat := &exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Heartbeat_{Heartbeat: &exchangev1.ExchangeResponse_Heartbeat{}}}
		return beat, func() { c.beat = false }
	}
	// The mailbox readers take turns, so that a long backlog in one does not delay the others.
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

// cursorWith returns the cursor after everything that was sent, with one position replaced by at.
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
				// The acknowledgement frees the window at once; it is made durable within settleEvery.
				l.wanted, l.acknowledged = at, max(l.acknowledged, min(at.Sequence, l.read.Sequence))
			}
		}
		return nil
	default:
		return fault.New(fault.InvalidField, "an open stream takes sends and acknowledgements").Field("kind", "send or acknowledge")
	}
}
