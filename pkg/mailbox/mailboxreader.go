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
	page  []sizedMessage
	ahead uint64
	// held is the size of page in bytes.
	held int
	// behind says that the mailbox may hold more messages than were read; notified is the highest sequence that
	// a notification has named.
	behind   bool
	notified uint64
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
func (r *mailboxReader) pending() bool { return r.opened && r.wanted.Sequence > r.durable }

// notify notes that the mailbox has reached a sequence. It does nothing if that sequence was already read.
func (r *mailboxReader) notify(sequence uint64) {
	if sequence > r.read.Sequence {
		r.notified, r.behind = max(r.notified, sequence), true
	}
}

// sizedMessage is a message and its size in bytes.
type sizedMessage struct {
	message *exchangev1.CaseMessage
	size    int
}

// take removes and returns the next message of the page, and its size.
func (r *mailboxReader) take() (message *exchangev1.CaseMessage, size int) {
	message, size = r.page[0].message, r.page[0].size
	// What was sent is not kept, and a reader without messages keeps no page.
	r.page[0].message = nil
	if r.page = r.page[1:]; len(r.page) == 0 {
		r.page = nil
	}
	r.sent, r.held = position(r.mailbox.Service(), message.GetSequence(), message.GetChainHash()), r.held-size
	return message, size
}

// event is the result of a mailbox reader's background work.
type event struct {
	reader *mailboxReader
	err    error
	// done applies the result if there was no error. always runs in either case.
	done, always func()
}

// open opens all mailboxes with one epoch. With RetryMailboxes the session continues without the mailboxes that
// do not answer, provided that the client sent a cursor, which says where to begin in them.
func (s *session) open(ctx context.Context) error {
	given, err := ParseCursor(s.cursor)
	if err != nil {
		return invalidCursor()
	}
	for _, mailbox := range s.config.Mailboxes {
		at := given.At(mailbox.Service())
		s.readers = append(s.readers, &mailboxReader{mailbox: mailbox, behind: true, ahead: readAhead, read: at, sent: at, acknowledged: at.Sequence})
	}
	backlog, err := s.openMailboxes(ctx)
	if fault.ReasonOf(err) == fault.TakenOver && s.config.RetryMailboxes {
		// The clock of another gateway is ahead: ask for the next epochs and use the highest.
		if err = s.raiseEpoch(ctx); err == nil {
			backlog, err = s.openMailboxes(ctx)
		}
	}
	if err != nil {
		return err
	}
	cursor := make(Cursor, 0, len(s.readers))
	for _, r := range s.readers {
		cursor = append(cursor, r.sent)
	}
	s.receipts = append(s.receipts, &exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Opened_{Opened: &exchangev1.ExchangeResponse_Opened{
		Cursor: cursor.String(), Takeover: s.epoch, Backlog: backlog,
	}}})
	return nil
}

// OpenAll takes over a consumer in several mailboxes, with one epoch.
func OpenAll(ctx context.Context, mailboxes []Mailbox, cursor, consumer string, epoch uint64) (*exchangev1.ExchangeResponse_Opened, error) {
	s := newSession(SessionConfig{Mailboxes: mailboxes, Epoch: epoch, RetryMailboxes: true}, &exchangev1.ExchangeRequest_Open{Cursor: cursor, Consumer: consumer})
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	return s.receipts[0].GetOpened(), nil
}

// openMailboxes opens all mailboxes in parallel. It does not go through fanout, because a mailbox is in this
// process or at a service.
func (s *session) openMailboxes(ctx context.Context) (backlog uint64, err error) {
	opened := make([]Opened, len(s.readers))
	failed := make([]error, len(s.readers))
	var group errgroup.Group
	for i, r := range s.readers {
		group.Go(func() error {
			opened[i], failed[i] = r.mailbox.Open(ctx, s.cursor, s.consumer, s.epoch)
			return nil
		})
	}
	_ = group.Wait()
	answered := false
	for i, r := range s.readers {
		if err := failed[i]; err != nil {
			if !s.config.RetryMailboxes || !Transient(err) || s.cursor == "" {
				return 0, err
			}
			s.pause(r)
			continue
		}
		answered = true
		r.begin(opened[i])
		backlog += opened[i].Backlog
		if s.epoch == 0 {
			s.epoch = opened[i].Epoch
		}
	}
	if !answered {
		// No service has verified the caller's token.
		return 0, failed[0]
	}
	return backlog, nil
}

func (s *session) raiseEpoch(ctx context.Context) error {
	for _, r := range s.readers {
		opened, err := r.mailbox.Open(ctx, s.cursor, s.consumer, 0)
		if err != nil && !Transient(err) {
			return err
		}
		s.epoch = max(s.epoch, opened.Epoch)
	}
	return nil
}

func (r *mailboxReader) begin(o Opened) {
	r.opened, r.read, r.sent, r.acknowledged = true, o.At, o.At, o.At.Sequence
}

// Transient reports whether an error comes from the network or is temporary, so that a retry may succeed.
func Transient(err error) bool {
	reason := fault.ReasonOf(err)
	return reason == "" || reason == fault.Unavailable || reason == fault.Busy
}

func (s *session) pause(r *mailboxReader) {
	r.paused = true
	if s.retry == nil {
		s.retry = time.NewTimer(retryAfter)
	}
}

// isSettling reports whether an acknowledgement is being made durable, or has yet to be.
func (s *session) isSettling() bool {
	for _, r := range s.readers {
		if r.advancing || r.pending() && !r.paused {
			return true
		}
	}
	return false
}

// work starts what each mailbox reader can do now: open, read as much as the window allows, make an
// acknowledgement durable.
func (s *session) work(ctx context.Context) {
	for _, r := range s.readers {
		switch {
		case r.paused:
			continue
		case !r.opened && !r.busy:
			s.reopen(ctx, r)
		case r.opened && !r.busy && r.behind && uint64(len(r.page)) <= r.ahead/2 && r.held < matter.MaxAnswer && !s.closing:
			s.read(ctx, r)
		}
		if r.pending() && !r.advancing {
			s.advance(ctx, r)
		}
	}
}

func (s *session) reopen(ctx context.Context, r *mailboxReader) {
	r.busy = true
	go func() {
		opened, err := r.mailbox.Open(ctx, s.cursor, s.consumer, s.epoch)
		s.events <- event{reader: r, err: err, always: func() { r.busy = false }, done: func() { r.begin(opened) }}
	}()
}

// free returns how much of the window is unused, that is, neither in flight nor reserved by a read in
// progress.
func (s *session) free() uint64 {
	var used uint64
	for _, r := range s.readers {
		used += r.read.Sequence - r.acknowledged + r.reserved
	}
	return s.window - min(s.window, used)
}

func (s *session) read(ctx context.Context, r *mailboxReader) {
	limit := min(r.ahead, s.free())
	if limit == 0 {
		return
	}
	r.busy, r.reserved = true, limit
	go func(after Position, asked uint64) {
		messages, more, err := r.mailbox.Read(ctx, after, int(limit), s.records) //nolint:gosec // at most farAhead
		page, held := sized(messages)
		s.events <- event{reader: r, err: err, always: func() { r.busy, r.reserved = false, 0 }, done: func() {
			if len(messages) > 0 {
				last := messages[len(messages)-1]
				r.read = position(r.mailbox.Service(), last.GetSequence(), last.GetChainHash())
			}
			// A notification is only a hint. If it named a sequence before this read and the read did not
			// find it, the message does not exist; asking again would never end.
			r.behind = more || r.notified > max(asked, r.read.Sequence)
			// A reader that is far behind and keeps up gets more messages at once.
			if r.ahead = readAhead; uint64(len(messages)) == limit {
				r.ahead = min(2*limit, farAhead)
			}
			if s.closing {
				return
			}
			r.page, r.held = append(r.page, page...), r.held+held
		}}
	}(r.read, r.notified)
}

// sized returns messages with their sizes, and the sum.
func sized(messages []*exchangev1.CaseMessage) (all []sizedMessage, sum int) {
	all = make([]sizedMessage, 0, len(messages))
	for _, message := range messages {
		size := proto.Size(message)
		all, sum = append(all, sizedMessage{message, size}), sum+size
	}
	return all, sum
}

// advance makes the last acknowledgement durable: the first one at once, and those that arrive within
// settleEvery together. So a busy reader causes at most one write for each interval.
func (s *session) advance(ctx context.Context, r *mailboxReader) {
	if rest := time.Until(r.rested); rest > 0 && !s.closing {
		if s.settling == nil {
			s.settling = time.NewTimer(rest)
		}
		return
	}
	r.advancing, r.rested = true, time.Now().Add(settleEvery) //nolint:forbidigo // no domain's time
	go func(at Position) {
		err := r.mailbox.Advance(ctx, s.consumer, at, s.epoch)
		s.events <- event{reader: r, err: err, always: func() { r.advancing = false }, done: func() {
			r.durable = at.Sequence
		}}
	}(r.wanted)
}

// flush makes the acknowledgements of a stream durable when the stream ends. If it fails, the messages are
// delivered again.
func (s *session) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	var group sync.WaitGroup
	for _, r := range s.readers {
		if r.pending() {
			group.Go(func() { _ = r.mailbox.Advance(ctx, s.consumer, r.wanted, s.epoch) })
		}
	}
	group.Wait()
}

func (s *session) settle(e event) error {
	e.always()
	if e.err == nil {
		e.done()
		return nil
	}
	if !s.config.RetryMailboxes || !Transient(e.err) {
		return e.err
	}
	s.pause(e.reader)
	return nil
}
