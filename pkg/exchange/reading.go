package exchange

import (
	"bytes"
	"context"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
)

// page reads behind a cursor, or behind the consumer's durable one.
func (s *Server) page(ctx context.Context, cursor, name string, query journal.DeliveryQuery) (from Position, page []journal.Delivery, err error) {
	parsed, err := ParseCursor(cursor)
	if err != nil {
		return from, nil, invalidCursor()
	}
	if from = parsed.At(s.config.Service); from.Sequence == 0 || query.Subject != "" {
		if from, err = s.from(ctx, query.Agency, cursor, name); err != nil {
			return from, nil, err
		}
		query.After = from.Sequence
		page, err = s.config.Store.Deliveries(ctx, query)
		return from, page, fault.Store(err)
	}
	// The message that the cursor names is read along, to see that it is the one.
	query.After, query.Limit = from.Sequence-1, query.Limit+1
	if page, err = s.config.Store.Deliveries(ctx, query); err != nil {
		return from, nil, fault.Store(err)
	}
	if len(page) == 0 || !from.names(page[0]) {
		return from, nil, diverged()
	}
	return from, page[1:], nil
}

// names tells whether a delivery is the one of this position.
func (p Position) names(delivery journal.Delivery) bool {
	return delivery.Sequence == p.Sequence && bytes.HasPrefix(delivery.ChainHash, p.Chain[:])
}

// from is where reading begins.
func (s *Server) from(ctx context.Context, agency, cursor, name string) (Position, error) {
	if cursor != "" {
		parsed, err := ParseCursor(cursor)
		if err != nil {
			return Position{}, invalidCursor()
		}
		at := parsed.At(s.config.Service)
		return at, s.holds(ctx, agency, at)
	}
	consumers, err := s.config.Store.Consumers(ctx, agency, consumer(name))
	if err != nil {
		return Position{}, fault.Store(err)
	}
	sequence := consumers[consumer(name)].Sequence
	if sequence == 0 {
		return Position{Service: s.config.Service}, nil
	}
	chain, err := s.chainAt(ctx, agency, sequence)
	return position(s.config.Service, sequence, chain), err
}

// holds refuses a position that the history does not have.
func (s *Server) holds(ctx context.Context, agency string, at Position) error {
	if at.Sequence == 0 {
		return nil
	}
	chain, err := s.chainAt(ctx, agency, at.Sequence)
	if err == nil && !bytes.HasPrefix(chain, at.Chain[:]) {
		return diverged()
	}
	return err
}

// chainAt is the chain hash of a message of a mailbox.
func (s *Server) chainAt(ctx context.Context, agency string, sequence uint64) ([]byte, error) {
	deliveries, err := s.config.Store.Deliveries(ctx, journal.DeliveryQuery{Agency: agency, After: sequence - 1, Limit: 1})
	if err != nil {
		return nil, fault.Store(err)
	}
	if len(deliveries) == 0 {
		return nil, diverged()
	}
	return deliveries[0].ChainHash, nil
}

// holder refuses a number that is no longer the consumer's: TAKEN_OVER.
func (s *Server) holder(ctx context.Context, agency, name string, takeover uint64) error {
	consumers, err := s.config.Store.Consumers(ctx, agency, consumer(name))
	if err != nil {
		return fault.Store(err)
	}
	if consumers[consumer(name)].Takeover != takeover {
		return takenOver()
	}
	return nil
}
