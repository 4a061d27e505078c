package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

const deliveryColumns = `agency, sequence, id, subject, subject_version, sealed, content_hash, chain_hash, trace, class`

// Deliveries reads a mailbox.
func (s *Store) Deliveries(ctx context.Context, query journal.DeliveryQuery) ([]journal.Delivery, error) {
	found, err := s.read.QueryContext(ctx, `SELECT `+deliveryColumns+` FROM deliveries
		WHERE agency = ?1 AND sequence > ?2 AND (?3 = '' OR id = ?3) AND (?5 = '' OR subject = ?5) ORDER BY sequence LIMIT ?4`,
		query.Agency, query.After, query.ID, limitOf(query.Limit), query.Subject)
	if err != nil {
		return nil, fmt.Errorf("sqlite: deliveries: %w", err)
	}
	sealed, err := collectUntil(found, scanDelivery, rows.Until(query.Bytes))
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
	err := found.Scan(&row.Agency, &row.Sequence, &row.ID, &row.Subject, &row.SubjectVersion, &row.Sealed, &row.ContentHash, &row.ChainHash, &row.Trace, &row.Class)
	return row, err
}

// Heads returns the ends of mailboxes.
func (s *Store) Heads(ctx context.Context, agencies ...string) (map[string]journal.Head, error) {
	found, err := s.read.QueryContext(ctx, `SELECT agency, sequence, chain FROM mailboxes`)
	if err != nil {
		return nil, fmt.Errorf("sqlite: heads: %w", err)
	}
	heads := map[string]journal.Head{}
	_, err = collect(found, func(rows *sql.Rows) (struct{}, error) {
		var agency string
		var head journal.Head
		err := rows.Scan(&agency, &head.Sequence, &head.ChainHash)
		if len(agencies) == 0 || slices.Contains(agencies, agency) {
			heads[agency] = head
		}
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: heads: %w", err)
	}
	return heads, nil
}

// Two statements, so that a named consumer is found by its key.
const (
	allConsumers   = `SELECT name, sequence, takeover, at FROM consumers WHERE agency = ?1 AND ?2 IS NOT NULL`
	namedConsumers = `SELECT name, sequence, takeover, at FROM consumers WHERE agency = ?1 AND name IN (SELECT value FROM json_each(?2))`
)

// Consumers returns readers of a mailbox.
func (s *Store) Consumers(ctx context.Context, agency string, names ...string) (map[string]journal.Consumer, error) {
	named, err := json.Marshal(names)
	if err != nil {
		return nil, fmt.Errorf("sqlite: consumers: %w", err)
	}
	query := allConsumers
	if len(names) > 0 {
		query = namedConsumers
	}
	found, err := s.read.QueryContext(ctx, query, agency, string(named))
	if err != nil {
		return nil, fmt.Errorf("sqlite: consumers: %w", err)
	}
	consumers := map[string]journal.Consumer{}
	_, err = collect(found, func(rows *sql.Rows) (struct{}, error) {
		var name string
		var at int64
		var consumer journal.Consumer
		err := rows.Scan(&name, &consumer.Sequence, &consumer.Takeover, &at)
		consumer.At = time.UnixMicro(at).UTC()
		consumers[name] = consumer
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: consumers: %w", err)
	}
	return consumers, nil
}

// Advance moves or takes over a consumer.
func (s *Store) Advance(ctx context.Context, advance journal.Advance) (journal.Consumer, error) {
	var moved journal.Consumer
	err := s.submit(ctx, &task{apply: func(ctx context.Context, tx *sql.Tx, _ rows.Keys) error {
		present := journal.Consumer{}
		var at int64
		err := tx.QueryRowContext(ctx, `SELECT sequence, takeover, at FROM consumers WHERE agency = ? AND name = ?`,
			advance.Agency, advance.Consumer).Scan(&present.Sequence, &present.Takeover, &at)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("sqlite: advance: %w", err)
		}
		head, err := mailbox(ctx, tx, advance.Agency)
		if err != nil {
			return err
		}
		present.At = time.UnixMicro(at).UTC()
		if moved, err = present.Moved(advance, head.Sequence); err != nil || moved == present {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO consumers (agency, name, sequence, takeover, at) VALUES (?, ?, ?, ?, ?)`,
			advance.Agency, advance.Consumer, moved.Sequence, moved.Takeover, moved.At.UnixMicro()); err != nil {
			return fmt.Errorf("sqlite: advance: %w", err)
		}
		return nil
	}})
	if err != nil {
		return journal.Consumer{}, err
	}
	return moved, nil
}
