package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// Stale returns streams whose rows an earlier version of the program wrote.
func (s *Store) Stale(ctx context.Context, limit int) ([]journal.Stream, error) {
	return query(ctx, s, func(found *sql.Rows) (row journal.Stream, err error) {
		var next int64
		err = found.Scan(&row.Subject, &row.Service, &row.Client, &row.Case, &row.State, &row.Version, &next, &row.Ended)
		row.NextCheckAt = rows.Time(next, rows.Never)
		return row, err
	}, `SELECT subject, service, client, case_id, state, version, next_check_at, ended FROM loops
		WHERE derived <> version AND NOT ended ORDER BY derived, subject LIMIT ?`, limit)
}

// derived stores the rows of unchanged subjects as this program's rules derive them. A subject that
// has ended by these rules ended at the time of its last event.
func (a *appending) derived(ctx context.Context) error {
	for _, stream := range a.batch.Derived {
		result, err := a.tx.ExecContext(ctx, `UPDATE loops SET state = ?3, next_check_at = ?4, ended = ?5, derived = version,
			ended_at = CASE WHEN ?5 THEN (SELECT at FROM events WHERE events.subject = ?1 AND events.version = ?2) ELSE ended_at END
			WHERE subject = ?1 AND version = ?2 AND derived <> version AND NOT ended`,
			stream.Subject, stream.Version, stream.State, rows.Micros(stream.NextCheckAt, rows.Never), stream.Ended)
		if err != nil {
			return fmt.Errorf("sqlite: derive a stream: %w", err)
		}
		if changed, err := result.RowsAffected(); err != nil || changed != 1 {
			return errors.Join(err, &journal.ConflictError{Subject: stream.Subject})
		}
	}
	return nil
}
