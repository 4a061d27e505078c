package mailbox

import (
	"bytes"
	"context"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
)

// read is a page of a mailbox.
type read struct {
	from       Position
	deliveries []journal.Delivery
	// full says that there may be more messages after the page.
	full bool
}

// page reads messages after a cursor, or after the consumer's durable cursor if the given one is empty.
func (s *Server) page(ctx context.Context, cursor, name string, query journal.DeliveryQuery) (read, error) {
	parsed, err := ParseCursor(cursor)
	if err != nil {
		return read{}, invalidCursor()
	}
	from := parsed.At(s.config.Service)
	if from.Sequence == 0 || query.Subject != "" {
		if from, err = s.from(ctx, query.Agency, cursor, name); err != nil {
			return read{}, err
		}
		return s.behind(ctx, from, query)
	}
	// Also read the message that the cursor names, to verify that the mailbox holds it.
	along := query
	along.After, along.Limit = from.Sequence-1, query.Limit+1
	page, err := s.config.Store.Deliveries(ctx, along)
	if err != nil {
		return read{}, fault.Store(err)
	}
	if len(page) == 0 || !from.names(page[0]) {
		return read{}, diverged()
	}
	if len(page) == 1 && along.IsFull(page) {
		// That message alone fills the page: read the ones after it separately.
		return s.behind(ctx, from, query)
	}
	return read{from, page[1:], along.IsFull(page)}, nil
}

// behind reads messages after a position that is in the mailbox's history.
func (s *Server) behind(ctx context.Context, from Position, query journal.DeliveryQuery) (read, error) {
	query.After = from.Sequence
	page, err := s.config.Store.Deliveries(ctx, query)
	return read{from, page, query.IsFull(page)}, fault.Store(err)
}

// names reports whether a delivery is the one at this position, by sequence and chain hash.
func (p Position) names(delivery journal.Delivery) bool {
	return delivery.Sequence == p.Sequence && bytes.HasPrefix(delivery.ChainHash, p.Chain[:])
}

// from returns the position after which reading begins.
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

// holds refuses a position that is not in the mailbox's history, with reason HISTORY_DIVERGED.
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

// chainAt returns the chain hash at a sequence of a mailbox.
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

// holder refuses an epoch that is no longer the consumer's, with reason TAKEN_OVER.
func (s *Server) holder(ctx context.Context, agency, name string, epoch uint64) error {
	consumers, err := s.config.Store.Consumers(ctx, agency, consumer(name))
	if err != nil {
		return fault.Store(err)
	}
	if consumers[consumer(name)].Epoch != epoch {
		return takenOver()
	}
	return nil
}
