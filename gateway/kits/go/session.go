package partner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

var (
	errSilent   = errors.New("partner: the stream is silent")
	errNoOpened = errors.New("partner: the stream was not opened")
)

// session is the state of one stream, from its opening to its end.
type session struct {
	client *Client
	stream grpc.BidiStreamingClient[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse]
	// deliveries holds a whole window, so that deliveries never block receipts.
	deliveries chan Message

	mu sync.Mutex // serialises send
}

// connect opens a stream and serves it until it ends. It returns nil for a regular end.
func (c *Client) connect(ctx context.Context) (opened bool, err error) {
	position, err := c.config.Inbox.Position(ctx)
	if err != nil {
		return false, &inboxError{fmt.Errorf("partner: inbox: %w", err)}
	}
	if c.config.Token != nil {
		token, err := c.config.Token(ctx)
		if err != nil {
			return false, fmt.Errorf("partner: token: %w", err)
		}
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	quiet := time.AfterFunc(silence, func() { cut(errSilent) })
	defer quiet.Stop()
	group, ctx := errgroup.WithContext(ctx)
	s := &session{client: c, deliveries: make(chan Message, c.config.Window)}
	if err := s.open(ctx, position); err != nil {
		return false, err
	}
	quiet.Reset(silence)
	group.Go(func() error { return s.receive(ctx, quiet) })
	group.Go(func() error { return s.take(ctx, position) })
	c.sends.attach(s.send)
	defer c.sends.detach()
	if err = group.Wait(); errors.Is(context.Cause(ctx), errSilent) {
		err = errSilent
	}
	return true, ended(err)
}

func (s *session) open(ctx context.Context, position Position) error {
	var err error
	if s.stream, err = exchangev1.NewExchangeServiceClient(s.client.config.Conn).Exchange(ctx); err != nil {
		return err
	}
	open := &exchangev1.ExchangeRequest_Open{
		Cursor: position.Cursor, Window: s.client.config.Window, Consumer: s.client.config.Consumer, WithRecords: true,
	}
	// If sending fails, receive returns the cause.
	if err := s.send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: open}}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	response, err := s.stream.Recv()
	if err != nil {
		return err
	}
	if response.GetOpened() == nil {
		return errNoOpened
	}
	return nil
}

func (s *session) send(request *exchangev1.ExchangeRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream.Send(request)
}

// receive dispatches incoming messages until the stream ends.
func (s *session) receive(ctx context.Context, quiet *time.Timer) error {
	defer close(s.deliveries)
	for {
		response, err := s.stream.Recv()
		if err != nil {
			return err
		}
		quiet.Reset(silence)
		switch kind := response.GetKind().(type) {
		case *exchangev1.ExchangeResponse_Delivery_:
			select {
			case s.deliveries <- kind.Delivery:
			case <-ctx.Done():
				return ctx.Err()
			}
		case *exchangev1.ExchangeResponse_Receipt_:
			s.client.sends.answered(kind.Receipt)
		}
	}
}

// take verifies the delivered messages, stores them, and then acknowledges them: all that have arrived
// meanwhile together.
func (s *session) take(ctx context.Context, position Position) error {
	// Messages that were stored before the connection broke may not have been acknowledged.
	if err := s.acknowledge(position); err != nil {
		return err
	}
	for {
		var messages []Message
		behind := position
		delivery, open := <-s.deliveries
		for ; open; delivery, open = s.more() {
			var err error
			if behind, err = behind.Follow(delivery.GetMessage(), delivery.GetCursor()); err != nil {
				return err
			}
			messages = append(messages, delivery)
		}
		if len(messages) == 0 {
			return nil
		}
		if err := s.client.config.Inbox.Take(ctx, messages, behind); err != nil {
			return &inboxError{fmt.Errorf("partner: inbox: %w", err)}
		}
		position = behind
		if err := s.acknowledge(position); err != nil {
			return err
		}
	}
}

func (s *session) acknowledge(position Position) error {
	if position.Cursor == "" {
		return nil
	}
	err := s.send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Acknowledge_{
		Acknowledge: &exchangev1.ExchangeRequest_Acknowledge{Cursor: position.Cursor},
	}})
	if errors.Is(err, io.EOF) {
		return nil // the stream has ended, and receive returns the cause
	}
	return err
}

// more returns a delivery that has already arrived; it does not wait.
func (s *session) more() (Message, bool) {
	select {
	case delivery, open := <-s.deliveries:
		return delivery, open
	default:
		return nil, false
	}
}
