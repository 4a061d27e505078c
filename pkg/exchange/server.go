package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	defaultPage = 100
	maxPage     = 1000
	// defaultConsumer is the reader that names itself by no name.
	defaultConsumer = "default"
)

// Server serves one service's mailboxes over its journal.
type Server struct {
	exchangev1.UnimplementedExchangeServiceServer

	// Service whose journal it is, such as "concern".
	Service string
	Store   journal.Store
	Clock   clock.Clock
}

// ListMessages reads the caller's mailbox behind a cursor, or behind the
// consumer's durable one. The range read is recorded before it is returned.
func (s *Server) ListMessages(ctx context.Context, r *exchangev1.ListMessagesRequest) (*exchangev1.ListMessagesResponse, error) {
	caller, err := system(ctx)
	if err != nil {
		return nil, err
	}
	from, err := s.from(ctx, caller.Agency, r.GetCursor(), r.GetConsumer())
	if err != nil {
		return nil, err
	}
	size := int(r.GetPageSize())
	if size == 0 {
		size = defaultPage
	}
	deliveries, err := s.Store.Deliveries(ctx, journal.DeliveryQuery{Agency: caller.Agency, After: from.Sequence, Limit: min(size, maxPage)})
	if err != nil {
		return nil, fault.Store(err)
	}
	heads, err := s.Store.Heads(ctx, caller.Agency)
	if err != nil {
		return nil, fault.Store(err)
	}
	response := &exchangev1.ListMessagesResponse{}
	for _, delivery := range deliveries {
		message, err := Message(s.Service, delivery, r.GetWithRecords())
		if err != nil {
			return nil, err
		}
		response.Messages = append(response.Messages, message)
		from = position(s.Service, delivery.Sequence, delivery.ChainHash)
	}
	response.NextCursor = Cursor{from}.String()
	if head := heads[caller.Agency].Sequence; head > from.Sequence {
		response.Backlog = head - from.Sequence
	}
	if len(deliveries) == 0 {
		return response, nil
	}
	return response, s.record(ctx, caller, exchangev1.ExchangeService_ListMessages_FullMethodName,
		fmt.Sprintf("mailbox %d-%d", deliveries[0].Sequence, from.Sequence))
}

// AcknowledgeMessages moves the consumer's durable cursor forward. One that lies
// behind it changes nothing.
func (s *Server) AcknowledgeMessages(ctx context.Context, r *exchangev1.AcknowledgeMessagesRequest) (*exchangev1.AcknowledgeMessagesResponse, error) {
	caller, err := system(ctx)
	if err != nil {
		return nil, err
	}
	at, err := s.parse(ctx, caller.Agency, r.GetCursor())
	if err != nil {
		return nil, err
	}
	_, err = s.Store.Advance(ctx, journal.Advance{
		Agency: caller.Agency, Consumer: consumer(r.GetConsumer()), Sequence: at.Sequence,
		Takeover: r.GetTakeover(), At: s.Clock.Now(),
	})
	if errors.Is(err, journal.ErrTakenOver) {
		return nil, fault.New(fault.TakenOver, "this consumer was opened by another reader")
	}
	if err != nil {
		return nil, fault.Store(err)
	}
	return &exchangev1.AcknowledgeMessagesResponse{}, nil
}

// from is where reading begins.
func (s *Server) from(ctx context.Context, agency, cursor, name string) (Position, error) {
	if cursor != "" {
		return s.parse(ctx, agency, cursor)
	}
	consumers, err := s.Store.Consumers(ctx, agency)
	if err != nil {
		return Position{}, fault.Store(err)
	}
	sequence := consumers[consumer(name)].Sequence
	if sequence == 0 {
		return Position{Service: s.Service}, nil
	}
	deliveries, err := s.Store.Deliveries(ctx, journal.DeliveryQuery{Agency: agency, After: sequence - 1, Limit: 1})
	if err != nil {
		return Position{}, fault.Store(err)
	}
	if len(deliveries) == 0 {
		return Position{}, diverged()
	}
	return position(s.Service, sequence, deliveries[0].ChainHash), nil
}

// parse reads a cursor and holds it against the history.
func (s *Server) parse(ctx context.Context, agency, text string) (Position, error) {
	cursor, err := ParseCursor(text)
	if err != nil {
		return Position{}, fault.New(fault.InvalidCursor, "this is no cursor").Field("cursor", "as it was given")
	}
	at := cursor.At(s.Service)
	if at.Sequence == 0 {
		return at, nil
	}
	deliveries, err := s.Store.Deliveries(ctx, journal.DeliveryQuery{Agency: agency, After: at.Sequence - 1, Limit: 1})
	if err != nil {
		return Position{}, fault.Store(err)
	}
	if len(deliveries) == 0 || !bytes.HasPrefix(deliveries[0].ChainHash, at.Chain[:]) {
		return Position{}, diverged()
	}
	return at, nil
}

func (s *Server) record(ctx context.Context, caller identity.Caller, method, purpose string) error {
	by, err := proto.Marshal(caller.Party())
	if err != nil {
		return fmt.Errorf("exchange: marshal party: %w", err)
	}
	_, err = s.Store.Append(ctx, journal.Batch{Accesses: []journal.Access{{
		At: s.Clock.Now(), By: by, Role: string(caller.Role), Method: method, Purpose: purpose,
	}}})
	return fault.Store(err)
}

// system admits an agency's systems alone: a mailbox is the agency's.
func system(ctx context.Context) (identity.Caller, error) {
	caller, ok := identity.FromContext(ctx)
	if !ok {
		return caller, fault.New(fault.TokenRequired, "a token is missing")
	}
	if !caller.System || caller.Agency == "" {
		return caller, fault.New(fault.RoleNotAllowed, "a mailbox is read by the agency's systems")
	}
	return caller, nil
}

func consumer(name string) string {
	if name == "" {
		return defaultConsumer
	}
	return name
}

func position(service string, sequence uint64, chain []byte) Position {
	at := Position{Service: service, Sequence: sequence}
	copy(at.Chain[:], chain)
	return at
}

func diverged() error {
	return fault.New(fault.HistoryDiverged, "the mailbox does not hold this cursor")
}
