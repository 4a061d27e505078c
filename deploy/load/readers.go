package load

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/partner"
)

const (
	// window is how many messages a system takes at once, enough for hundreds of messages a second.
	window = 1024
	// idleLimit is how long the load waits for readers while none of them receives anything.
	idleLimit = time.Minute
	// openers is how many mailboxes are read to their ends at once.
	openers = 16
)

// readers are the partner systems, each on a stream of its own.
type readers struct {
	all   []*reader
	books map[string]*book
	// more signals that one of them has read a message, has opened its stream or has ended.
	more chan struct{}
	// opened counts opened streams, including those that were opened again.
	opened atomic.Int64
	breaks breaks
}

// reader is one partner system. Its inbox stores nothing but its position.
type reader struct {
	*readers
	agency, consumer string
	book             *book
	isOpen           atomic.Bool

	mu       sync.Mutex
	position partner.Position
	// ended is the error with which it stopped reading.
	ended error
}

// openReaders starts readers at the present ends of the mailboxes.
func openReaders(ctx context.Context, conns []grpc.ClientConnInterface, tokens *tokens, streams map[string]int, underWay func(agency string, took time.Duration)) (*readers, error) {
	r := &readers{books: map[string]*book{}, more: make(chan struct{}, 1), breaks: breaks{subjects: map[string]bool{}}}
	for agency, count := range streams {
		r.books[agency] = newBook(func(took time.Duration) { underWay(agency, took) })
		for n := range count {
			r.all = append(r.all, &reader{readers: r, agency: agency, consumer: fmt.Sprintf("load-%d", n), book: r.books[agency]})
		}
	}
	ends := ends{conn: conns[0], tokens: tokens, found: map[string]partner.Position{}}
	var group errgroup.Group
	group.SetLimit(openers)
	for agency := range streams {
		group.Go(func() error { return ends.find(ctx, agency, partner.Position{}) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, one := range r.all {
		one.position = ends.found[one.agency]
	}
	return r, nil
}

// openAll keeps all streams open until the context ends, and returns once all are open. done waits
// until all have ended.
func (r *readers) openAll(ctx context.Context, conns []grpc.ClientConnInterface, tokens *tokens) (done func(), err error) {
	var group sync.WaitGroup
	for i, one := range r.all {
		client := partner.New(partner.Config{
			Conn: observed{conns[i%len(conns)], one}, Inbox: one, Logger: slog.New(slog.DiscardHandler), Consumer: one.consumer, Window: window,
			Token: func(ctx context.Context) (string, error) { return tokens.of(ctx, system(one.agency)) },
		})
		group.Go(func() { one.end(client.Run(ctx)) })
	}
	return group.Wait, r.wait(ctx, func(one *reader) bool { return one.isOpen.Load() })
}

// wait returns once the condition holds for all readers that have not ended. It fails if none of
// them receives anything for idleLimit.
func (r *readers) wait(ctx context.Context, holds func(*reader) bool) error {
	for {
		left := 0
		for _, one := range r.all {
			if !holds(one) && one.err() == nil {
				left++
			}
		}
		if left == 0 {
			return nil
		}
		select {
		case <-r.more:
		case <-time.After(idleLimit):
			return fmt.Errorf("%d of %d streams received nothing for too long", left, len(r.all))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *readers) signal() {
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// Position is the reader's position.
func (r *reader) Position(context.Context) (partner.Position, error) { return r.at(), nil }

func (r *reader) at() partner.Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.position
}

// Take records messages. They are acknowledged when it returns.
func (r *reader) Take(_ context.Context, messages []partner.Message, behind partner.Position) error {
	now := time.Now()
	for _, message := range messages {
		r.book.take(message.GetMessage(), now)
		r.breaks.see(message.GetMessage())
	}
	r.mu.Lock()
	r.position = behind
	r.mu.Unlock()
	r.signal()
	return nil
}

func (r *reader) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = err
	r.signal()
}

func (r *reader) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// behind reports whether the reader has not yet reached the end of a mailbox.
func (r *reader) behind(end partner.Position) bool {
	position := r.at()
	for service, head := range end.Heads {
		if position.Heads[service].Sequence < head.Sequence {
			return true
		}
	}
	return false
}

// observed notes when a reader's streams are opened.
type observed struct {
	grpc.ClientConnInterface
	reader *reader
}

func (n observed) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := n.ClientConnInterface.NewStream(ctx, desc, method, opts...)
	return &observedStream{ClientStream: stream, reader: n.reader}, err
}

type observedStream struct {
	grpc.ClientStream
	reader *reader
	opened bool
}

func (s *observedStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if err == nil && !s.opened {
		s.opened = true
		s.reader.opened.Add(1)
		s.reader.isOpen.Store(true)
		s.reader.signal()
	}
	return err
}

// finish waits until all readers have reached the present ends of the mailboxes. It returns the
// error of each reader that ended early, and one that counts the readers that did not arrive.
func (r *readers) finish(ctx context.Context, conn grpc.ClientConnInterface, tokens *tokens) []string {
	ends := ends{conn: conn, tokens: tokens, found: map[string]partner.Position{}}
	var group errgroup.Group
	group.SetLimit(openers)
	for _, one := range r.all {
		if one.consumer == "load-0" {
			group.Go(func() error { return ends.find(ctx, one.agency, one.at()) })
		}
	}
	err := group.Wait()
	err = errors.Join(err, r.wait(ctx, func(one *reader) bool { return !one.behind(ends.found[one.agency]) }))
	var broken []string
	if err != nil {
		broken = append(broken, err.Error())
	}
	for _, one := range r.all {
		if err := one.err(); err != nil {
			broken = append(broken, fmt.Sprintf("%s %s: %v", one.agency, one.consumer, err))
		}
	}
	return broken
}
