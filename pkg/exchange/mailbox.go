package exchange

import (
	"context"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Mailbox is one service's mailbox of a caller's agency, as a standing connection
// reads it: from the journal at the service itself, over the line at the gateway.
type Mailbox interface {
	// Service that it is of.
	Service() string
	// Open takes a consumer over, with the next number where that is 0, and says
	// where reading begins: behind the cursor, or behind the durable one where that
	// is empty. A number that is too low is refused: TAKEN_OVER.
	Open(ctx context.Context, cursor, consumer string, takeover uint64) (Opened, error)
	// Read returns messages behind a position, up to limit and as many as an answer holds,
	// and whether there may be more.
	Read(ctx context.Context, after Position, limit int, withRecords bool) (messages []*exchangev1.CaseMessage, more bool, err error)
	// Advance makes an acknowledgement durable.
	Advance(ctx context.Context, consumer string, at Position, takeover uint64) error
}

// Opened is where and under which number a mailbox was opened.
type Opened struct {
	At             Position
	Backlog, Epoch uint64
}

// own is a mailbox in this server's journal.
type own struct {
	*Server
	caller identity.Caller
	method string
}

func (m own) Service() string { return m.config.Service }

// Open records what will be read before anything is: the mailbox, from where on.
func (m own) Open(ctx context.Context, cursor, name string, takeover uint64) (Opened, error) {
	at, err := m.from(ctx, m.caller.Agency, cursor, name)
	if err != nil {
		return Opened{}, err
	}
	if err := m.recordRange(ctx, m.caller, m.method, at.Sequence+1, 0); err != nil {
		return Opened{}, err
	}
	taken, err := m.move(ctx, journal.Advance{Agency: m.caller.Agency, Consumer: consumer(name), TakeOver: true, Epoch: takeover})
	if err != nil {
		return Opened{}, err
	}
	if cursor == "" && taken.Sequence > at.Sequence {
		// The reader before acknowledged more until it was taken over.
		chain, err := m.chainAt(ctx, m.caller.Agency, taken.Sequence)
		if err != nil {
			return Opened{}, err
		}
		at = position(m.config.Service, taken.Sequence, chain)
	}
	heads, err := m.config.Store.Positions(ctx, m.caller.Agency)
	if err != nil {
		return Opened{}, fault.Store(err)
	}
	return Opened{At: at, Epoch: taken.Epoch, Backlog: backlog(heads[m.caller.Agency].Sequence, at.Sequence)}, nil
}

func (m own) Read(ctx context.Context, after Position, limit int, withRecords bool) ([]*exchangev1.CaseMessage, bool, error) {
	query := journal.DeliveryQuery{Agency: m.caller.Agency, After: after.Sequence, Limit: limit, Bytes: loop.MaxAnswer}
	deliveries, err := m.config.Store.Deliveries(ctx, query)
	if err != nil {
		return nil, false, fault.Store(err)
	}
	messages, all := m.messages(ctx, deliveries, withRecords)
	return messages, !all || query.IsFull(deliveries), nil
}

func (m own) Advance(ctx context.Context, name string, at Position, takeover uint64) error {
	if err := m.holds(ctx, m.caller.Agency, at); err != nil {
		return err
	}
	_, err := m.move(ctx, journal.Advance{Agency: m.caller.Agency, Consumer: consumer(name), Sequence: at.Sequence, Epoch: takeover})
	return err
}
