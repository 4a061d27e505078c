package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"koppi.internal/pkg/journal/seal"
)

var _ seal.Rewrapper = keeper{}

// Wrapped reads keys in the order of their names.
func (k keeper) Wrapped(ctx context.Context, after seal.Ref, limit int) ([]seal.Wrapped, error) {
	found, err := k.db.QueryContext(ctx, `SELECT subject, class, wrapped FROM keys
		WHERE wrapped IS NOT NULL AND (subject, class) > (?, ?) ORDER BY subject, class LIMIT ?`, after.Subject, after.Class, limit)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read keys: %w", err)
	}
	all, err := collect(found, func(row *sql.Rows) (one seal.Wrapped, err error) {
		err = row.Scan(&one.Subject, &one.Class, &one.Key)
		return one, err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read keys: %w", err)
	}
	return all, nil
}

// Replace stores each new key where its old one is still stored.
func (k keeper) Replace(ctx context.Context, replacements []seal.Replacement) error {
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sqlite: replace keys: %w", err)
	}
	for _, one := range replacements {
		if _, err := tx.ExecContext(ctx, `UPDATE keys SET wrapped = ? WHERE subject = ? AND class = ? AND wrapped = ?`,
			one.Key, one.Subject, one.Class, one.Old); err != nil {
			return errors.Join(fmt.Errorf("sqlite: replace a key: %w", err), tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("sqlite: replace keys: %w", err)
	}
	return k.forget(ctx)
}
