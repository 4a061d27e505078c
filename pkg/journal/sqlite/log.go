package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// LogState returns how far the log's tree reaches.
func (s *Store) LogState(ctx context.Context) (state journal.LogState, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT leaves, hashes, number FROM log_state`).Scan(&state.Leaves, &state.Hashes, &state.Number)
	if err != nil {
		return state, fmt.Errorf("sqlite: log state: %w", err)
	}
	return state, nil
}

// AccessesAfter returns accesses with a higher number.
func (s *Store) AccessesAfter(ctx context.Context, number int64, limit int) ([]journal.NumberedAccess, error) {
	return query(ctx, s, func(found *sql.Rows) (row journal.NumberedAccess, err error) {
		row.Access, err = scanAccess(found, &row.Number)
		return row, err
	}, `SELECT number, `+accessColumns+` FROM accesses WHERE number > ? ORDER BY number LIMIT ?`, number, limit)
}

// ExtendLog adds hashes to the log's tree.
func (s *Store) ExtendLog(ctx context.Context, from, to journal.LogState, hashes [][]byte) error {
	return s.submit(ctx, &task{apply: func(ctx context.Context, tx *sql.Tx, _ rows.Keys) error {
		result, err := tx.ExecContext(ctx, `UPDATE log_state SET leaves = ?, hashes = ?, number = ? WHERE leaves = ? AND hashes = ? AND number = ?`,
			to.Leaves, to.Hashes, to.Number, from.Leaves, from.Hashes, from.Number)
		if err != nil {
			return fmt.Errorf("sqlite: extend the log: %w", err)
		}
		if changed, err := result.RowsAffected(); err != nil || changed != 1 {
			return errors.Join(err, journal.ErrLogMoved)
		}
		for i, hash := range hashes {
			if _, err := tx.ExecContext(ctx, `INSERT INTO log_hashes (position, hash) VALUES (?, ?)`, from.Hashes+int64(i), hash); err != nil {
				return fmt.Errorf("sqlite: extend the log: %w", err)
			}
		}
		return nil
	}})
}

// LogHashes returns hashes of the log's tree.
func (s *Store) LogHashes(ctx context.Context, positions ...int64) ([][]byte, error) {
	hashes := make([][]byte, len(positions))
	for i, position := range positions {
		err := s.read.QueryRowContext(ctx, `SELECT hash FROM log_hashes WHERE position = ?`, position).Scan(&hashes[i])
		if errors.Is(err, sql.ErrNoRows) {
			return nil, journal.ErrNotFound
		}
		if err != nil {
			return nil, fmt.Errorf("sqlite: log hashes: %w", err)
		}
	}
	return hashes, nil
}
