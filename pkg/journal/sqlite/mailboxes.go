package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

const deliveryColumns = `agency, sequence, id, subject, subject_version, sealed, content_hash, chain_hash, trace, class, share`

// Deliveries reads a mailbox.
func (s *Store) Deliveries(ctx context.Context, asked journal.DeliveryQuery) ([]journal.Delivery, error) {
	text, args := `SELECT `+deliveryColumns+` FROM deliveries WHERE agency = ? AND sequence > ?`, []any{asked.Agency, asked.After}
	switch {
	case asked.ID != "":
		// The index on the id finds the message, however many messages come before it.
		text, args = `SELECT `+deliveryColumns+` FROM deliveries WHERE agency = ? AND +sequence > ? AND id = ?`, append(args, asked.ID)
		if asked.Subject != "" {
			text, args = text+` AND subject || '' = ?`, append(args, asked.Subject)
		}
	case asked.Subject != "":
		text, args = text+` AND subject = ?`, append(args, asked.Subject)
	}
	text += ` ORDER BY sequence`
	if asked.Limit > 0 {
		text, args = text+` LIMIT ?`, append(args, asked.Limit)
	}
	found, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("sqlite: deliveries: %w", err)
	}
	sealed, err := collectUntil(found, scanDelivery, rows.Until(asked.Bytes))
	if err != nil {
		return nil, fmt.Errorf("sqlite: deliveries: %w", err)
	}
	keys, err := s.vault.Keys(ctx, rows.DeliveryRefs(sealed))
	if err != nil {
		return nil, err
	}
	return rows.OpenMailbox(keys, sealed), nil
}

func scanDelivery(found *sql.Rows) (rows.Delivery, error) {
	var row rows.Delivery
	err := found.Scan(&row.Agency, &row.Sequence, &row.ID, &row.Subject, &row.SubjectVersion, &row.Sealed, &row.ContentHash, &row.ChainHash, &row.Trace, &row.Class, &row.Share)
	return row, err
}

// Sequences returns the sequences of messages in a mailbox.
func (s *Store) Sequences(ctx context.Context, agency string, ids ...string) (map[string]uint64, error) {
	named, err := json.Marshal(append([]string{}, ids...))
	if err != nil {
		return nil, fmt.Errorf("sqlite: sequences: %w", err)
	}
	sequences := make(map[string]uint64, len(ids))
	_, err = query(ctx, s, func(found *sql.Rows) (none struct{}, err error) {
		var id string
		var sequence uint64
		err = found.Scan(&id, &sequence)
		sequences[id] = sequence
		return none, err
	}, `SELECT id, sequence FROM deliveries WHERE agency = ? AND id IN (SELECT value FROM json_each(?))`, agency, string(named))
	return sequences, err
}

// Positions returns the ends of mailboxes.
func (s *Store) Positions(ctx context.Context, agencies ...string) (map[string]journal.Position, error) {
	text, args := `SELECT agency, sequence, chain FROM mailboxes`, []any(nil)
	if len(agencies) > 0 {
		named, err := json.Marshal(agencies)
		if err != nil {
			return nil, fmt.Errorf("sqlite: positions: %w", err)
		}
		text, args = text+` WHERE agency IN (SELECT value FROM json_each(?))`, []any{string(named)}
	}
	positions := map[string]journal.Position{}
	_, err := query(ctx, s, func(found *sql.Rows) (none struct{}, err error) {
		var agency string
		var position journal.Position
		err = found.Scan(&agency, &position.Sequence, &position.ChainHash)
		positions[agency] = position
		return none, err
	}, text, args...)
	return positions, err
}

// Consumers returns readers of a mailbox.
func (s *Store) Consumers(ctx context.Context, agency string, names ...string) (map[string]journal.Consumer, error) {
	text, args := `SELECT name, sequence, takeover, at FROM consumers WHERE agency = ?`, []any{agency}
	if len(names) > 0 {
		named, err := json.Marshal(names)
		if err != nil {
			return nil, fmt.Errorf("sqlite: consumers: %w", err)
		}
		text, args = text+` AND name IN (SELECT value FROM json_each(?))`, append(args, string(named))
	}
	consumers := map[string]journal.Consumer{}
	_, err := query(ctx, s, func(found *sql.Rows) (none struct{}, err error) {
		var name string
		var at int64
		var consumer journal.Consumer
		err = found.Scan(&name, &consumer.Sequence, &consumer.Epoch, &at)
		consumer.At = time.UnixMicro(at).UTC()
		consumers[name] = consumer
		return none, err
	}, text, args...)
	return consumers, err
}

// Advance moves a consumer's cursor, or takes the consumer over.
func (s *Store) Advance(ctx context.Context, advance journal.Advance) (journal.Consumer, error) {
	var moved journal.Consumer
	err := s.submit(ctx, &task{apply: func(ctx context.Context, tx *sql.Tx, _ rows.Keys) error {
		present := journal.Consumer{}
		var at int64
		err := tx.QueryRowContext(ctx, `SELECT sequence, takeover, at FROM consumers WHERE agency = ? AND name = ?`,
			advance.Agency, advance.Consumer).Scan(&present.Sequence, &present.Epoch, &at)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("sqlite: advance: %w", err)
		}
		position, err := mailbox(ctx, tx, advance.Agency)
		if err != nil {
			return err
		}
		present.At = time.UnixMicro(at).UTC()
		if moved, err = present.Moved(advance, position.Sequence); err != nil || moved == present {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO consumers (agency, name, sequence, takeover, at) VALUES (?, ?, ?, ?, ?)`,
			advance.Agency, advance.Consumer, moved.Sequence, moved.Epoch, moved.At.UnixMicro()); err != nil {
			return fmt.Errorf("sqlite: advance: %w", err)
		}
		return nil
	}})
	if err != nil {
		return journal.Consumer{}, err
	}
	return moved, nil
}
