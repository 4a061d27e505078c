package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// Setting reads a setting.
func (s *Store) Setting(ctx context.Context, key string) (string, bool, error) {
	var value string
	err := s.read.QueryRowContext(ctx, `SELECT value FROM settings WHERE key = ?`, key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("sqlite: setting: %w", err)
	}
	return value, true, nil
}

// SetSetting stores a setting.
func (s *Store) SetSetting(ctx context.Context, key, value string) error {
	return s.submit(ctx, &task{apply: func(ctx context.Context, tx *sql.Tx, _ rows.Keys) error {
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)`, key, value); err != nil {
			return fmt.Errorf("sqlite: set a setting: %w", err)
		}
		return nil
	}})
}

// Settled returns once everything that the store has shown so far is on the disk. A process that
// was killed may have left a commit that was written but never flushed; this process shows that
// commit.
func (s *Store) Settled(ctx context.Context) error {
	if _, err := s.write.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`); err != nil {
		return fmt.Errorf("sqlite: settled: %w", err)
	}
	return nil
}

// Erase destroys keys of a subject. It goes through the committer, so that no append seals with a
// key that is being destroyed.
func (s *Store) Erase(ctx context.Context, subject string, classes ...journal.Class) error {
	return s.submit(ctx, &task{apply: func(ctx context.Context, _ *sql.Tx, _ rows.Keys) error {
		return s.vault.Destroy(ctx, rows.Refs(subject, classes...))
	}})
}
