package mailbox

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// mailboxReader is the state of one mailbox in a session.
type mailboxReader struct {
	mailbox Mailbox
	opened  bool
	// read is the position of the last message read from the mailbox, sent that of the last one sent.
	// acknowledged is the sequence up to which messages are no longer in flight, durable the one up to which
	// the acknowledgement is known to be stored.
	read, sent            Position
	acknowledged, durable uint64
	// page holds the messages that wait to be sent; ahead is how many are read at once.
	page  []*exchangev1.CaseMessage
	ahead uint64
	// held is the size of page in bytes.
	held int
	// behind says that the mailbox may hold more messages than were read; told is the highest sequence that a
	// notification has named.
	behind bool
	told   uint64
	// busy says that an opening or a read is in progress, and reserved how much of the window that read may
	// fill. paused says that the last attempt failed and that a retry is due.
	busy, paused bool
	reserved     uint64
	// wanted is the last acknowledgement received. Only one is made durable at a time, and not before rested.
	wanted    Position
	advancing bool
	rested    time.Time
}

// pending reports whether an acknowledgement has yet to be made durable.
func (l *mailboxReader) pending() bool { return l.opened && l.wanted.Sequence > l.durable }

// tell notes that the mailbox has reached a sequence. It does nothing if that sequence was already read.
func (l *mailboxReader) tell(sequence uint64) {
	if sequence > l.read.Sequence {
		l.told, l.behind = max(l.told, sequence), true
	}
}

// event is the result of a mailbox reader's background work.
type event struct {
	lane *mailboxReader
	err  error
	// done applies the result if there was no error. always runs in either case.
	done, always func()
}

// open opens all mailboxes with one epoch. A patient line continues without the mailboxes that do not answer,
// provided that the client sent a cursor, which says where to begin in them.
func (c *connection) open(ctx context.Context) error {
	given, err := ParseCursor(c.cursor)
	if err != nil {
		return invalidCursor()
	}
	for _, mailbox := range c.line.Mailboxes {
		at := given.At(mailbox.Service())
		c.lanes = append(c.lanes, &mailboxReader{mailbox: mailbox, behind: true, ahead: readAhead, read: at, sent: at, acknowledged: at.Sequence})
	}
	backlog, err := c.openLanes(ctx)
	if fault.ReasonOf(err) == fault.TakenOver && c.line.Patient {
		// The clock of another gateway is ahead: ask for the next epochs and use the highest.
		if err = c.nextNumber(ctx); err == nil {
			backlog, err = c.openLanes(ctx)
		}
	}
	if err != nil {
		return err
	}
	cursor := make(Cursor, 0, len(c.lanes))
	for _, l := range c.lanes {
		cursor = append(cursor, l.sent)
	}
	c.receipts = append(c.receipts, &exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Opened_{Opened: &exchangev1.ExchangeResponse_Opened{
		Cursor: cursor.String(), Takeover: c.takeover, Backlog: backlog,
	}}})
	return nil
}

// OpenAll takes over a consumer in several mailboxes, with one epoch.
func OpenAll(ctx context.Context, mailboxes []Mailbox, cursor, consumer string, takeover uint64) (*exchangev1.ExchangeResponse_Opened, error) {
	c := newConnection(Line{Mailboxes: mailboxes, Epoch: takeover, Patient: true}, &exchangev1.ExchangeRequest_Open{Cursor: cursor, Consumer: consumer})
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	return c.receipts[0].GetOpened(), nil
}

// openLanes opens all mailboxes in parallel. It does not go through fanout, because a mailbox is in this
// process or at a service.
func (c *connection) openLanes(ctx context.Context) (backlog uint64, err error) {
	opened := make([]Opened, len(c.lanes))
	failed := make([]error, len(c.lanes))
	var group errgroup.Group
	for i, l := range c.lanes {
		group.Go(func() error {
			opened[i], failed[i] = l.mailbox.Open(ctx, c.cursor, c.consumer, c.takeover)
			return nil
		})
	}
	_ = group.Wait()
	answered := false
	for i, l := range c.lanes {
		if err := failed[i]; err != nil {
			if !c.line.Patient || !Transient(err) || c.cursor == "" {
				return 0, err
			}
			c.pause(l)
			continue
		}
		answered = true
		l.begin(opened[i])
		backlog += opened[i].Backlog
		if c.takeover == 0 {
			c.takeover = opened[i].Epoch
		}
	}
	if !answered {
		// No service has verified the caller's token.
		return 0, failed[0]
	}
	return backlog, nil
}

func (c *connection) nextNumber(ctx context.Context) error {
	for _, l := range c.lanes {
		opened, err := l.mailbox.Open(ctx, c.cursor, c.consumer, 0)
		if err != nil && !Transient(err) {
			return err
		}
		c.takeover = max(c.takeover, opened.Epoch)
	}
	return nil
}

func (l *mailboxReader) begin(o Opened) {
	l.opened, l.read, l.sent, l.acknowledged = true, o.At, o.At, o.At.Sequence
}

// Transient reports whether an error comes from the network or is temporary, so that a retry may succeed.
func Transient(err error) bool {
	reason := fault.ReasonOf(err)
	return reason == "" || reason == fault.Unavailable || reason == fault.Busy
}

func (c *connection) pause(l *mailboxReader) {
	l.paused = true
	if c.retry == nil {
		c.retry = time.NewTimer(retryAfter)
	}
}

// isSettling reports whether an acknowledgement is being made durable, or has yet to be.
func (c *connection) isSettling() bool {
	for _, l := range c.lanes {
		if l.advancing || l.pending() && !l.paused {
			return true
		}
	}
	return false
}

// work starts what each mailbox reader can do now: open, read as much as the window allows, make an
// acknowledgement durable.
func (c *connection) work(ctx context.Context) {
	for _, l := range c.lanes {
		switch {
		case l.paused:
			continue
		case !l.opened && !l.busy:
			c.reopen(ctx, l)
		case l.opened && !l.busy && l.behind && uint64(len(l.page)) <= l.ahead/2 && l.held < matter.MaxAnswer && !c.closing:
			c.read(ctx, l)
		}
		if l.pending() && !l.advancing {
			c.advance(ctx, l)
		}
	}
}

func (c *connection) reopen(ctx context.Context, l *mailboxReader) {
	l.busy = true
	go func() {
		opened, err := l.mailbox.Open(ctx, c.cursor, c.consumer, c.takeover)
		c.events <- event{lane: l, err: err, always: func() { l.busy = false }, done: func() { l.begin(opened) }}
	}()
}

// free returns how much of the window is unused, that is, neither in flight nor reserved by a read in
// progress.
func (c *connection) free() uint64 {
	var used uint64
	for _, l := range c.lanes {
		used += l.read.Sequence - l.acknowledged + l.reserved
	}
	return c.window - min(c.window, used)
}

func (c *connection) read(ctx context.Context, l *mailboxReader) {
	limit := min(l.ahead, c.free())
	if limit == 0 {
		return
	}
	l.busy, l.reserved = true, limit
	go func(after Position, asked uint64) {
		messages, more, err := l.mailbox.Read(ctx, after, int(limit), c.records) //nolint:gosec // at most farAhead
		c.events <- event{lane: l, err: err, always: func() { l.busy, l.reserved = false, 0 }, done: func() {
			if len(messages) > 0 {
				last := messages[len(messages)-1]
				l.read = position(l.mailbox.Service(), last.GetSequence(), last.GetChainHash())
			}
			// A notification is only a hint. If it named a sequence before this read and the read did not
			// find it, the message does not exist; asking again would never end.
			l.behind = more || l.told > max(asked, l.read.Sequence)
			// A reader that is far behind and keeps up gets more messages at once.
			if l.ahead = readAhead; uint64(len(messages)) == limit {
				l.ahead = min(2*limit, farAhead)
			}
			if c.closing {
				return
			}
			l.page = append(l.page, messages...)
			for _, message := range messages {
				l.held += proto.Size(message)
			}
		}}
	}(l.read, l.told)
}

// advance makes the last acknowledgement durable: the first one at once, and those that arrive within
// settleEvery together. So a busy reader causes at most one write for each interval.
func (c *connection) advance(ctx context.Context, l *mailboxReader) {
	if rest := time.Until(l.rested); rest > 0 && !c.closing {
		if c.settling == nil {
			c.settling = time.NewTimer(rest)
		}
		return
	}
	l.advancing, l.rested = true, time.Now().Add(settleEvery) //nolint:forbidigo // no domain's time
	go func(at Position) {
		err := l.mailbox.Advance(ctx, c.consumer, at, c.takeover)
		c.events <- event{lane: l, err: err, always: func() { l.advancing = false }, done: func() {
			l.durable = at.Sequence
		}}
	}(l.wanted)
}

// flush makes the acknowledgements of a stream durable when the stream ends. If it fails, the messages are
// delivered again.
func (c *connection) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	var group sync.WaitGroup
	for _, l := range c.lanes {
		if l.pending() {
			group.Go(func() { _ = l.mailbox.Advance(ctx, c.consumer, l.wanted, c.takeover) })
		}
	}
	group.Wait()
}

func (c *connection) settle(e event) error {
	e.always()
	if e.err == nil {
		e.done()
		return nil
	}
	if !c.line.Patient || !Transient(e.err) {
		return e.err
	}
	c.pause(e.lane)
	return nil
}
