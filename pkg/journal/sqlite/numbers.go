package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"koppi.internal/pkg/journal/rows"
)

// Unnumbered returns subjects of which a version before wrote a worklist entry, without a number.
func (s *Store) Unnumbered(ctx context.Context, limit int) ([]string, error) {
	return query(ctx, s, func(found *sql.Rows) (subject string, err error) {
		err = found.Scan(&subject)
		return subject, err
	}, `SELECT DISTINCT subject FROM standings WHERE number = '' AND role <> 'officer' ORDER BY subject LIMIT ?`, limit)
}

// SetNumbers gives worklist entries the numbers that they lack.
func (s *Store) SetNumbers(ctx context.Context, numbers map[string]string) error {
	return s.submit(ctx, &task{apply: func(ctx context.Context, tx *sql.Tx, _ rows.Keys) error {
		for subject, number := range numbers {
			if _, err := tx.ExecContext(ctx, `UPDATE standings SET number = ? WHERE subject = ? AND number = '' AND role <> 'officer'`, number, subject); err != nil {
				return fmt.Errorf("sqlite: set numbers: %w", err)
			}
		}
		return nil
	}})
}
