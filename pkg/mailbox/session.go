package mailbox

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/pkg/fault"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// SessionConfig configures one session: the mailboxes that it reads, and the way to make calls.
type SessionConfig struct {
	// Mailboxes are the mailboxes of the caller's agency, one for each service.
	Mailboxes []Mailbox
	// Agency is the caller's, and Expires when its token does; zero for never.
	Agency  string
	Expires time.Time
	// Epoch is the number with which to open consumers, the same in all mailboxes. 0 takes the next number,
	// and is allowed only if there is a single mailbox.
	Epoch uint64
	// RetryMailboxes makes the session retry a mailbox that does not answer, which delays the messages of
	// that mailbox only. Without it, such a failure ends the session.
	RetryMailboxes bool
	// Notifications says which of the agency's mailboxes may hold new messages.
	Notifications *Notifications
	Readers       *Readers
	Drained       <-chan struct{}
	Methods       Methods
	// Invoke makes a unary call through the same interceptors and handlers as any other call.
	Invoke func(Call) error
}

// Stream is the server's side of a partner system's bidirectional stream.
type Stream = grpc.BidiStreamingServer[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse]

// Serve runs a session on a stream until the stream ends. It calls prepare first, which authenticates the
// caller and configures the session, and calls release at the end. The first request must open the stream.
func Serve(stream Stream, prepare func(ctx context.Context) (config SessionConfig, release func(), err error)) error {
	ctx, end := context.WithCancelCause(stream.Context())
	defer end(nil)
	s, leave, err := begin(ctx, end, stream, prepare)
	if err != nil {
		return err
	}
	defer leave()
	err = s.run(ctx)
	if fault.ReasonOf(err) != fault.TakenOver {
		s.flush(ctx)
	}
	s.out.close()
	return err
}

// begin prepares and opens a session. It returns before the session runs, because a standing stream keeps the stack
// of all that has not returned.
func begin(ctx context.Context, end context.CancelCauseFunc, stream Stream, prepare func(ctx context.Context) (SessionConfig, func(), error)) (s *session, leave func(), err error) {
	config, release, err := prepare(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	in := incoming(ctx, stream.Recv)
	request, err := first(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	if request.GetOpen() == nil {
		return nil, nil, fault.New(fault.InvalidField, "the first request opens the stream").Field("open", "required first")
	}
	s = newSession(config, request.GetOpen())
	if err := s.open(ctx); err != nil {
		return nil, nil, err
	}
	s.in, s.out = in, newSender(stream.Send)
	exit := config.Readers.enter(consumerKey{config.Agency, s.consumer}, s.epoch, end)
	return s, func() {
		exit()
		release()
	}, nil
}

// session is the state of one session. Only the goroutine in run may use its fields.
type session struct {
	config SessionConfig
	in     <-chan received[exchangev1.ExchangeRequest]
	out    *sender[exchangev1.ExchangeResponse]

	cursor   string
	consumer string
	epoch    uint64
	records  bool
	window   uint64

	readers []*mailboxReader
	turn    int
	// events carries the results of background work of the mailbox readers to run.
	events chan event
	// retry is set while a mailbox reader waits to be retried, settling while one waits to make an
	// acknowledgement durable.
	retry, settling *time.Timer
	// pulse is for heartbeats, and ends the session.
	pulse *Pulse
	// receipts are waiting to be sent; answering says that some are being sent; beat says that a heartbeat is due.
	receipts  []*exchangev1.ExchangeResponse
	answering bool
	beat      bool
	sends     *sends
	// closing says that the client has closed its sending side.
	closing bool
}

func newSession(config SessionConfig, open *exchangev1.ExchangeRequest_Open) *session {
	s := &session{
		config: config, cursor: open.GetCursor(), consumer: consumer(open.GetConsumer()), epoch: config.Epoch,
		records: open.GetWithRecords(), window: uint64(open.GetWindow()), events: make(chan event, 3*len(config.Mailboxes)),
		sends: newSends(config.Methods, config.Invoke),
	}
	if s.window == 0 {
		s.window = defaultWindow
	}
	return s
}

const (
	// defaultWindow is the most messages in flight for a reader that names no window.
	defaultWindow = 100
	// readAhead is how many messages are read from a mailbox at once, and farAhead how many at most for a
	// reader that is far behind and keeps up with what it gets: a page of ListMessages. A mailbox reader may hold
	// half as many more.
	readAhead = 64
	farAhead  = maxPage
	// batchMessages and batchBytes are how much is sent before the session looks again for what is more urgent.
	batchMessages = 64
	batchBytes    = 64 << 10
	// retryAfter is the wait before a mailbox that did not answer is tried again.
	retryAfter = time.Second
	// settleEvery is how often the acknowledgements of a mailbox are made durable. If the process dies, at
	// most the messages of this interval are delivered again.
	settleEvery = time.Second
)

// run runs the session until it ends. What it calls has returned while it waits: see begin.
func (s *session) run(ctx context.Context) error {
	s.pulse = NewPulse(heartbeatEvery, s.config.Expires)
	defer s.pulse.Stop()
	for !s.step(ctx) {
		switch err := s.wait(ctx); {
		case errors.Is(err, errLived):
			return s.pulse.Farewell
		case errors.Is(err, errDrained):
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// step starts what can be done now, and reports whether the client has closed its side and has all receipts.
func (s *session) step(ctx context.Context) (done bool) {
	s.work(ctx)
	if !s.out.busy {
		s.out.start(s.batch())
	}
	return s.closing && s.sends.pending == 0 && len(s.receipts) == 0 && !s.answering && !s.isSettling()
}

// errLived and errDrained end a session.
var (
	errLived   = errors.New("mailbox: the stream has lived long enough")
	errDrained = errors.New("mailbox: streams are to end")
)

// wait waits until something happens, and applies it.
func (s *session) wait(ctx context.Context) error {
	from := s.in
	if s.closing || len(s.receipts) >= maxPending {
		// Stop reading from a client that does not take its receipts.
		from = nil
	}
	select {
	case err := <-s.out.sent:
		s.out.busy, s.answering = false, false
		return err
	case request := <-from:
		return s.receive(request)
	case one := <-s.sends.done:
		s.sends.finished(one)
		s.receipts = append(s.receipts, one.receipt)
	case e := <-s.events:
		return s.settle(e)
	case <-s.config.Notifications.signal:
		s.notified()
	case <-running(s.settling):
		s.settling = nil
	case <-running(s.retry):
		s.retry = nil
		for _, r := range s.readers {
			r.paused = false
		}
	case <-s.pulse.C:
		if !s.pulse.Beat() {
			return errLived
		}
		s.beat = true
	case <-s.config.Drained:
		return errDrained
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// notified notes which mailboxes have advanced.
func (s *session) notified() {
	notified := s.config.Notifications.take()
	for _, r := range s.readers {
		r.notify(notified[r.mailbox.Service()])
	}
}

// running returns the channel of a timer, or nil if there is no timer.
func running(timer *time.Timer) <-chan time.Time {
	if timer == nil {
		return nil
	}
	return timer.C
}

// batch removes and returns what is sent next, and no more than batchBytes of messages beyond the first one.
func (s *session) batch() []*exchangev1.ExchangeResponse {
	batch := s.receipts
	s.answering = len(batch) > 0
	if s.receipts = nil; s.beat {
		s.beat = false
		batch = append(batch, &exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Heartbeat_{Heartbeat: &exchangev1.ExchangeResponse_Heartbeat{}}})
	}
	for size := 0; len(batch) < batchMessages && size < batchBytes; s.turn++ {
		r := s.ready()
		if r == nil {
			break
		}
		message, bytes := r.take()
		batch = append(batch, &exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Delivery_{
			Delivery: &exchangev1.ExchangeResponse_Delivery{Message: message, Cursor: s.cursorWith(r.sent)},
		}})
		size += bytes
	}
	return batch
}

// ready returns the mailbox reader whose message is sent next; nil if there is none. They take turns, so that a long
// backlog in one does not delay the others.
func (s *session) ready() *mailboxReader {
	for i := range s.readers {
		if r := s.readers[(s.turn+i)%len(s.readers)]; len(r.page) > 0 {
			return r
		}
	}
	return nil
}

// cursorWith returns the cursor after everything that was sent, with one position replaced by at.
func (s *session) cursorWith(at Position) string {
	cursor := make(Cursor, 0, len(s.readers))
	for _, r := range s.readers {
		if r.mailbox.Service() == at.Service {
			cursor = append(cursor, at)
		} else {
			cursor = append(cursor, r.sent)
		}
	}
	return cursor.String()
}

func (s *session) receive(request received[exchangev1.ExchangeRequest]) error {
	if errors.Is(request.err, io.EOF) {
		s.closing = true
		for _, r := range s.readers {
			r.page, r.held = nil, 0
		}
		return nil
	}
	if request.err != nil {
		return request.err
	}
	switch kind := request.message.GetKind().(type) {
	case *exchangev1.ExchangeRequest_Send_:
		if refusal := s.sends.add(kind.Send); refusal != nil {
			s.receipts = append(s.receipts, refusal)
		}
		return nil
	case *exchangev1.ExchangeRequest_Acknowledge_:
		cursor, err := ParseCursor(kind.Acknowledge.GetCursor())
		if err != nil {
			return invalidCursor()
		}
		for _, r := range s.readers {
			if at := cursor.At(r.mailbox.Service()); at.Sequence > r.wanted.Sequence {
				// The acknowledgement frees the window at once; it is made durable within settleEvery.
				r.wanted, r.acknowledged = at, max(r.acknowledged, min(at.Sequence, r.read.Sequence))
			}
		}
		return nil
	default:
		return fault.New(fault.InvalidField, "an open stream takes sends and acknowledgements").Field("kind", "send or acknowledge")
	}
}
