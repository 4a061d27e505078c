package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"koppi.internal/pkg/journal/seal"
)

// keeper keeps wrapped keys in a database of their own.
type keeper struct{ db *sql.DB }

func (k keeper) Keep(ctx context.Context, wrapped map[seal.Ref][]byte) (map[seal.Ref][]byte, error) {
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("sqlite: keep keys: %w", err)
	}
	for ref, key := range wrapped {
		if _, err := tx.ExecContext(ctx, `INSERT INTO keys (subject, class, wrapped) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			ref.Subject, ref.Class, key); err != nil {
			return nil, errors.Join(fmt.Errorf("sqlite: keep a key: %w", err), tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("sqlite: keep keys: %w", err)
	}
	return k.Find(ctx, slices.Collect(maps.Keys(wrapped)))
}

func (k keeper) Find(ctx context.Context, refs []seal.Ref) (map[seal.Ref][]byte, error) {
	found := make(map[seal.Ref][]byte, len(refs))
	for _, ref := range refs {
		var wrapped []byte
		err := k.db.QueryRowContext(ctx, `SELECT wrapped FROM keys WHERE subject = ? AND class = ?`, ref.Subject, ref.Class).Scan(&wrapped)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("sqlite: find a key: %w", err)
		}
		found[ref] = wrapped
	}
	return found, nil
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
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("sqlite: destroy keys: %w", err)
	}
	return k.forget(ctx)
}

// forget takes what was overwritten out of the files: the write-ahead log holds it
// until it is cut off.
func (k keeper) forget(ctx context.Context) error {
	if _, err := k.db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		return fmt.Errorf("sqlite: forget destroyed keys: %w", err)
	}
	return nil
}
