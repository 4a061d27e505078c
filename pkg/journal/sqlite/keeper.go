package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
)

// keeper stores wrapped keys in a separate database.
type keeper struct{ db *sql.DB }

func (k keeper) Keep(ctx context.Context, wrapped map[seal.Ref][]byte) (map[seal.Ref][]byte, error) {
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("sqlite: write keys: %w", err)
	}
	for ref, key := range wrapped {
		if _, err := tx.ExecContext(ctx, `INSERT INTO keys (subject, class, wrapped) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			ref.Subject, ref.Class, key); err != nil {
			return nil, errors.Join(fmt.Errorf("sqlite: write a key: %w", err), tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("sqlite: write keys: %w", err)
	}
	return k.Find(ctx, slices.Collect(maps.Keys(wrapped)))
}

func (k keeper) Find(ctx context.Context, refs []seal.Ref) (map[seal.Ref][]byte, error) {
	names := make([][2]string, 0, len(refs))
	for _, ref := range refs {
		names = append(names, [2]string{ref.Subject, ref.Class})
	}
	asked, err := json.Marshal(names)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read keys: %w", err)
	}
	rows, err := k.db.QueryContext(ctx, `SELECT k.subject, k.class, k.wrapped FROM json_each(?) AS asked
		CROSS JOIN keys AS k ON k.subject = json_extract(asked.value, '$[0]') AND k.class = json_extract(asked.value, '$[1]')`, string(asked))
	if err != nil {
		return nil, fmt.Errorf("sqlite: read keys: %w", err)
	}
	found := make(map[seal.Ref][]byte, len(refs))
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var ref seal.Ref
		var wrapped []byte
		err = rows.Scan(&ref.Subject, &ref.Class, &wrapped)
		found[ref] = wrapped
		return none, err
	})
	return found, err
}

func (k keeper) Destroy(ctx context.Context, refs []seal.Ref) error {
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sqlite: destroy keys: %w", err)
	}
	for _, ref := range refs {
		if _, err := tx.ExecContext(ctx, `INSERT INTO keys (subject, class, wrapped) VALUES (?, ?, NULL)
			ON CONFLICT (subject, class) DO UPDATE SET wrapped = NULL`, ref.Subject, ref.Class); err != nil {
			return errors.Join(fmt.Errorf("sqlite: destroy a key: %w", err), tx.Rollback())
		}
		share := ref.Class + journal.ShareMark
		if _, err := tx.ExecContext(ctx, `UPDATE keys SET wrapped = NULL WHERE subject = ? AND substr(class, 1, ?) = ?`,
			ref.Subject, len(share), share); err != nil {
			return errors.Join(fmt.Errorf("sqlite: destroy the keys of shares: %w", err), tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("sqlite: destroy keys: %w", err)
	}
	return k.forget(ctx)
}

// forget removes overwritten keys from the files: the write-ahead log contains them until it is
// truncated.
func (k keeper) forget(ctx context.Context) error {
	if _, err := k.db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		return fmt.Errorf("sqlite: forget destroyed keys: %w", err)
	}
	return nil
}
