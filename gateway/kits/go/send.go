package partner

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	// maxPending is the most sends that wait for receipts at once; Koppi allows 64.
	maxPending = 48
	// resendAfter is the wait before a request that was refused temporarily is sent again.
	resendAfter = 200 * time.Millisecond
)

// sends are the requests without a response, which survive reconnection.
type sends struct {
	places chan struct{}

	mu sync.Mutex
	// pending requests, in the order in which they were made.
	pending []*sending
	// send sends on the open stream; nil if none is open.
	send func(*exchangev1.ExchangeRequest) error
}

type sending struct {
	request *exchangev1.ExchangeRequest
	receipt chan *exchangev1.ExchangeResponse_Receipt
}

func (s *sending) id() string { return s.request.GetSend().GetRequestId() }

func newSends() sends { return sends{places: make(chan struct{}, maxPending)} }

// Send sends a request of any unary method of Koppi's services and returns its response. After each
// reconnection it sends the request again under the same request_id (a new one if the request has none), so
// that it takes effect once. A refusal is returned as a gRPC status. If the context ends first, the outcome
// is unknown; send the same request again to learn it. Run must be running meanwhile.
func (c *Client) Send(ctx context.Context, request proto.Message) (proto.Message, error) {
	return c.SendOnBehalfOf(ctx, "", request)
}

// SendOnBehalfOf is Send for a worker of the agency, given as "worker;unit;role": the request is then the worker's.
// Empty sends for the caller of the connection.
func (c *Client) SendOnBehalfOf(ctx context.Context, worker string, request proto.Message) (proto.Message, error) {
	s, err := newSending(request, worker)
	if err != nil {
		return nil, err
	}
	select {
	case c.sends.places <- struct{}{}:
		defer func() { <-c.sends.places }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.sends.add(s)
	defer c.sends.remove(s)
	for {
		select {
		case receipt := <-s.receipt:
			if passing(receipt) {
				again := time.AfterFunc(resendAfter, func() { c.sends.again(s) })
				defer again.Stop()
				continue
			}
			if receipt.GetError() != nil {
				return nil, status.ErrorProto(receipt.GetError())
			}
			return receipt.GetResponse().UnmarshalNew()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// newSending sets the request's id, which stays the same for each repetition, and the worker for whom it is sent.
func newSending(request proto.Message, worker string) (*sending, error) {
	request = proto.Clone(request)
	id := uuid.NewString()
	if field := request.ProtoReflect().Descriptor().Fields().ByName("request_id"); field != nil {
		if own := request.ProtoReflect().Get(field).String(); own != "" {
			id = own
		}
		request.ProtoReflect().Set(field, protoreflect.ValueOfString(id))
	}
	if _, err := uuid.Parse(id); err != nil {
		return nil, fmt.Errorf("partner: request_id: %w", err)
	}
	packed, err := anypb.New(request)
	if err != nil {
		return nil, fmt.Errorf("partner: %w", err)
	}
	return &sending{
		request: &exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Send_{Send: &exchangev1.ExchangeRequest_Send{
			RequestId: id, Request: packed, OnBehalfOf: worker,
		}}},
		receipt: make(chan *exchangev1.ExchangeResponse_Receipt, 1),
	}, nil
}

// passing reports whether a refusal is temporary, so that the same request may succeed later.
func passing(receipt *exchangev1.ExchangeResponse_Receipt) bool {
	if receipt.GetError() == nil {
		return false
	}
	err := status.ErrorProto(receipt.GetError())
	switch Reason(err) {
	case reasonBusy, reasonUnavailable:
		return true
	}
	return status.Code(err) == codes.DeadlineExceeded || status.Code(err) == codes.Canceled
}

func (s *sends) add(one *sending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, one)
	s.put(one)
}

func (s *sends) remove(one *sending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = slices.DeleteFunc(s.pending, func(other *sending) bool { return other == one })
}

// attach sends all requests without a response on a new stream, in order.
func (s *sends) attach(send func(*exchangev1.ExchangeRequest) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send = send
	for _, one := range s.pending {
		s.put(one)
	}
}

func (s *sends) detach() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send = nil
}

// again sends a request once more, unless it was answered meanwhile.
func (s *sends) again(one *sending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.pending, one) {
		s.put(one)
	}
}

// put sends on the open stream. If that fails, the stream has ended, and the request is sent again on the
// next one.
func (s *sends) put(one *sending) {
	if s.send != nil {
		_ = s.send(one.request)
	}
}

func (s *sends) answered(receipt *exchangev1.ExchangeResponse_Receipt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.pending {
		if one.id() == receipt.GetRequestId() {
			select {
			case one.receipt <- receipt:
			default: // a second answer, after a reconnection
			}
		}
	}
}
