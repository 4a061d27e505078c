package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// Incomplete returns subjects of which a version before wrote a worklist entry, without a number, parts or marks.
func (s *Store) Incomplete(ctx context.Context, limit int) ([]string, error) {
	return query(ctx, s, func(found *sql.Rows) (subject string, err error) {
		err = found.Scan(&subject)
		return subject, err
	}, `SELECT DISTINCT subject FROM standings WHERE (number = '' OR parts = '' OR marks < 0) AND role <> 'officer' ORDER BY subject LIMIT ?`, limit)
}

// Complete gives worklist entries what they lack.
func (s *Store) Complete(ctx context.Context, missing ...journal.Completion) error {
	return s.submit(ctx, &task{apply: func(ctx context.Context, tx *sql.Tx, _ rows.Keys) error {
		for _, one := range missing {
			if _, err := tx.ExecContext(ctx, `UPDATE standings SET number = ? WHERE subject = ? AND number = '' AND role <> 'officer'`, one.Number, one.Subject); err != nil {
				return fmt.Errorf("sqlite: complete: %w", err)
			}
			for agency, parts := range one.Parts {
				if _, err := tx.ExecContext(ctx, `UPDATE standings SET parts = ? WHERE subject = ? AND agency = ? AND parts = '' AND role <> 'officer'`, parts, one.Subject, agency); err != nil {
					return fmt.Errorf("sqlite: complete: %w", err)
				}
			}
			for agency, marks := range one.Marks {
				if _, err := tx.ExecContext(ctx, `UPDATE standings SET marks = ? WHERE subject = ? AND agency = ? AND marks < 0 AND role <> 'officer'`, marks, one.Subject, agency); err != nil {
					return fmt.Errorf("sqlite: complete: %w", err)
				}
			}
			if _, err := tx.ExecContext(ctx, `UPDATE standings SET marks = 0 WHERE subject = ? AND marks < 0 AND role <> 'officer'`, one.Subject); err != nil {
				return fmt.Errorf("sqlite: complete: %w", err)
			}
			if _, err := tx.ExecContext(ctx, `UPDATE standings SET parts = ' ' WHERE subject = ? AND parts = '' AND role <> 'officer'`, one.Subject); err != nil {
				return fmt.Errorf("sqlite: complete: %w", err)
			}
		}
		return nil
	}})
}
