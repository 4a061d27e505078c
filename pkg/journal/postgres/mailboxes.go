package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

const deliveryColumns = `agency, sequence, id, subject, subject_version, sealed, content_hash, chain_hash, trace, class, share`

// Deliveries reads a mailbox.
func (s *Store) Deliveries(ctx context.Context, query journal.DeliveryQuery) ([]journal.Delivery, error) {
	sql, args := `SELECT `+deliveryColumns+erasures+` FROM deliveries WHERE agency = $1 AND sequence > $2`,
		[]any{query.Agency, int64(query.After), limitOf(query.Limit)} //nolint:gosec // a sequence
	switch {
	case query.ID != "":
		// The index on the id finds the message, however many messages come before it.
		sql, args = `SELECT `+deliveryColumns+erasures+` FROM deliveries WHERE agency = $1 AND sequence + 0 > $2 AND id = $4`, append(args, query.ID)
		if query.Subject != "" {
			sql, args = sql+` AND subject || '' = $5`, append(args, query.Subject)
		}
	case query.Subject != "":
		sql, args = sql+` AND subject = $4`, append(args, query.Subject)
	}
	sql += ` ORDER BY sequence LIMIT $3`
	var destroyed int64
	sealed, err := lookUntil(ctx, s.mailboxes, func(found pgx.Rows) (rows.Delivery, error) { return scanDelivery(found, &destroyed) },
		func() func(rows.Delivery) bool { return rows.Until(query.Bytes) }, sql, args...)
	if err != nil || len(sealed) == 0 {
		return nil, wrap("deliveries", err)
	}
	keys, err := s.keysSince(ctx, destroyed, rows.DeliveryRefs(sealed))
	if err != nil {
		return nil, err
	}
	return rows.OpenMailbox(keys, sealed), nil
}

func scanDelivery(found pgx.Rows, more ...any) (rows.Delivery, error) {
	var row rows.Delivery
	err := found.Scan(append([]any{
		&row.Agency, &row.Sequence, &row.ID, &row.Subject, &row.SubjectVersion, &row.Sealed, &row.ContentHash, &row.ChainHash, &row.Trace, &row.Class, &row.Share,
	}, more...)...)
	return row, err
}

// limitOf turns a limit of 0 into no limit.
func limitOf(limit int) *int {
	if limit == 0 {
		return nil
	}
	return &limit
}

// Sequences returns the sequences of messages in a mailbox.
func (s *Store) Sequences(ctx context.Context, agency string, ids ...string) (map[string]uint64, error) {
	type row struct {
		id       string
		sequence uint64
	}
	all, err := look(ctx, s.mailboxes, func(found pgx.Rows) (one row, err error) {
		err = found.Scan(&one.id, &one.sequence)
		return one, err
	}, `SELECT id, sequence FROM deliveries WHERE agency = $1 AND id = ANY($2)`, agency, append([]string{}, ids...))
	sequences := make(map[string]uint64, len(all))
	for _, one := range all {
		sequences[one.id] = one.sequence
	}
	return sequences, wrap("sequences", err)
}

// Positions returns the ends of mailboxes.
func (s *Store) Positions(ctx context.Context, agencies ...string) (map[string]journal.Position, error) {
	sql, args := `SELECT agency, sequence, chain FROM mailboxes`, []any(nil)
	if len(agencies) > 0 {
		sql, args = sql+` WHERE agency = ANY($1)`, []any{agencies}
	}
	positions := map[string]journal.Position{}
	type row struct {
		agency   string
		position journal.Position
	}
	all, err := look(ctx, s.mailboxes, func(found pgx.Rows) (one row, err error) {
		err = found.Scan(&one.agency, &one.position.Sequence, &one.position.ChainHash)
		return one, err
	}, sql, args...)
	for _, one := range all {
		positions[one.agency] = one.position
	}
	return positions, wrap("positions", err)
}

// Consumers returns readers of a mailbox.
func (s *Store) Consumers(ctx context.Context, agency string, names ...string) (map[string]journal.Consumer, error) {
	sql, args := `SELECT agency, name, sequence, takeover, at FROM consumers WHERE agency = $1`, []any{agency}
	if len(names) > 0 {
		sql, args = sql+` AND name = ANY($2)`, append(args, names)
	}
	consumers := map[string]journal.Consumer{}
	all, err := look(ctx, s.mailboxes, scanConsumer, sql, args...)
	for _, one := range all {
		consumers[one.Name] = one.Consumer
	}
	return consumers, wrap("consumers", err)
}

func scanConsumer(found pgx.Rows) (journal.RawConsumer, error) {
	var row journal.RawConsumer
	var at int64
	err := found.Scan(&row.Agency, &row.Name, &row.Sequence, &row.Epoch, &at)
	row.At = time.UnixMicro(at).UTC()
	return row, err
}
