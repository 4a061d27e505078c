package mailbox

import (
	"context"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Mailbox is the mailbox of a caller's agency in one service, as a session reads it. The service itself reads
// its journal; the gateway calls the service.
type Mailbox interface {
	// Service returns the name of the service.
	Service() string
	// Open takes over a consumer with the given epoch, or with the next epoch if it is 0, and returns where
	// reading begins: after the given cursor, or after the durable cursor if the given one is empty. An epoch
	// that is too low is refused with reason TAKEN_OVER.
	Open(ctx context.Context, cursor, consumer string, epoch uint64) (Opened, error)
	// Read returns messages after a position, at most limit and no more than fit into one answer, and whether
	// there may be more.
	Read(ctx context.Context, after Position, limit int, withRecords bool) (messages []*exchangev1.CaseMessage, more bool, err error)
	// Advance makes an acknowledgement durable.
	Advance(ctx context.Context, consumer string, at Position, epoch uint64) error
}

// Opened is the result of opening a mailbox: the position, the number of messages after it, and the epoch.
type Opened struct {
	At             Position
	Backlog, Epoch uint64
}

// own is a mailbox in this server's own journal.
type own struct {
	*Server
	agency string
	// method is the call that opens it.
	method string
}

func (m own) Service() string { return m.config.Service }

// Open writes to the access log, before anything is read, that the mailbox is read from a position on.
func (m own) Open(ctx context.Context, cursor, name string, epoch uint64) (Opened, error) {
	caller, err := system(ctx)
	if err != nil {
		return Opened{}, err
	}
	at, err := m.from(ctx, m.agency, cursor, name)
	if err != nil {
		return Opened{}, err
	}
	if err := m.recordRange(ctx, caller, m.method, at.Sequence+1, 0); err != nil {
		return Opened{}, err
	}
	taken, err := m.move(ctx, journal.Advance{Agency: m.agency, Consumer: consumer(name), TakeOver: true, Epoch: epoch})
	if err != nil {
		return Opened{}, err
	}
	if cursor == "" && taken.Sequence > at.Sequence {
		// The previous reader acknowledged more before it was taken over.
		chain, err := m.chainAt(ctx, m.agency, taken.Sequence)
		if err != nil {
			return Opened{}, err
		}
		at = position(m.config.Service, taken.Sequence, chain)
	}
	heads, err := m.config.Store.Positions(ctx, m.agency)
	if err != nil {
		return Opened{}, fault.Store(err)
	}
	return Opened{At: at, Epoch: taken.Epoch, Backlog: backlog(heads[m.agency].Sequence, at.Sequence)}, nil
}

func (m own) Read(ctx context.Context, after Position, limit int, withRecords bool) ([]*exchangev1.CaseMessage, bool, error) {
	query := journal.DeliveryQuery{Agency: m.agency, After: after.Sequence, Limit: limit, Bytes: matter.MaxAnswer}
	deliveries, err := m.config.Store.Deliveries(ctx, query)
	if err != nil {
		return nil, false, fault.Store(err)
	}
	messages, all := m.messages(ctx, deliveries, withRecords)
	return messages, !all || query.IsFull(deliveries), nil
}

func (m own) Advance(ctx context.Context, name string, at Position, epoch uint64) error {
	if err := m.holds(ctx, m.agency, at); err != nil {
		return err
	}
	_, err := m.move(ctx, journal.Advance{Agency: m.agency, Consumer: consumer(name), Sequence: at.Sequence, Epoch: epoch})
	return err
}
