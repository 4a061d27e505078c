package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

const parkedColumns = `agency, consumer, subject, sequence, code, retry, at`

// Parked returns what is parked for an agency's consumers, or for those of all agencies.
func (s *Store) Parked(ctx context.Context, agency string) ([]journal.Parked, error) {
	text, args := `SELECT `+parkedColumns+` FROM parked`, []any(nil)
	if agency != "" {
		text, args = text+` WHERE agency = ?`, []any{agency}
	}
	return query(ctx, s, func(found *sql.Rows) (journal.Parked, error) { return scanParked(found) }, text+` ORDER BY agency, consumer, subject`, args...)
}

func scanParked(row interface{ Scan(...any) error }) (journal.Parked, error) {
	var parked journal.Parked
	var at int64
	err := row.Scan(&parked.Agency, &parked.Consumer, &parked.Subject, &parked.Sequence, &parked.Code, &parked.Retry, &at)
	parked.At = time.UnixMicro(at).UTC()
	return parked, err
}

// Park changes what is parked.
func (s *Store) Park(ctx context.Context, change journal.Parking) error {
	return s.submit(ctx, &task{apply: func(ctx context.Context, tx *sql.Tx, _ rows.Keys) error {
		var consumer journal.Consumer
		err := tx.QueryRowContext(ctx, `SELECT sequence, takeover FROM consumers WHERE agency = ? AND name = ?`, change.Agency, change.Consumer).
			Scan(&consumer.Sequence, &consumer.Epoch)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("sqlite: park: %w", err)
		}
		var present *journal.Parked
		row, err := scanParked(tx.QueryRowContext(ctx, `SELECT `+parkedColumns+` FROM parked WHERE agency = ? AND consumer = ? AND subject = ?`,
			change.Agency, change.Consumer, change.Subject))
		switch {
		case err == nil:
			present = &row
		case !errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("sqlite: park: %w", err)
		}
		next, err := present.Changed(change, consumer)
		if err != nil {
			return err
		}
		if next == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM parked WHERE agency = ? AND consumer = ? AND subject = ?`, change.Agency, change.Consumer, change.Subject)
		} else {
			_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO parked (`+parkedColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				next.Agency, next.Consumer, next.Subject, next.Sequence, next.Code, next.Retry, next.At.UnixMicro())
		}
		if err != nil {
			return fmt.Errorf("sqlite: park: %w", err)
		}
		return nil
	}})
}
