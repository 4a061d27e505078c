package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

func (a *appending) counters(ctx context.Context) error {
	for _, row := range a.batch.Counters {
		if _, err := a.tx.ExecContext(ctx, `INSERT INTO tallies (subject, what, month, sender, receiver, at, waited)
			VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			row.Subject, row.What, row.Month, row.Sender, row.Receiver, row.At.UnixMicro(), int64(row.Waited/time.Second)); err != nil {
			return fmt.Errorf("sqlite: counters: %w", err)
		}
	}
	return nil
}

// FirstMonth returns the first month in which anything was counted.
func (s *Store) FirstMonth(ctx context.Context) (string, error) {
	var first sql.NullString
	if err := s.read.QueryRowContext(ctx, `SELECT MIN(month) FROM tallies`).Scan(&first); err != nil {
		return "", fmt.Errorf("sqlite: first month: %w", err)
	}
	return first.String, nil
}

// Counts returns how many subjects were counted in a month.
func (s *Store) Counts(ctx context.Context, month string) ([]journal.CounterSum, error) {
	return query(ctx, s, func(found *sql.Rows) (row journal.CounterSum, err error) {
		err = found.Scan(&row.What, &row.Sender, &row.Receiver, &row.Subjects)
		return row, err
	}, `SELECT what, sender, receiver, COUNT(*) FROM tallies WHERE month = ? GROUP BY what, sender, receiver ORDER BY what, sender, receiver`, month)
}

// Counted reports whether anything was counted in a month under a name from the first to the last.
func (s *Store) Counted(ctx context.Context, month, first, last string) (counted bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM tallies WHERE month = ? AND what >= ? AND what <= ?)`, month, first, last).Scan(&counted)
	if err != nil {
		return false, fmt.Errorf("sqlite: counted: %w", err)
	}
	return counted, nil
}

// Waits returns the waiting times of the subjects that were taken in a month.
func (s *Store) Waits(ctx context.Context, month string) ([]journal.CounterWait, error) {
	return query(ctx, s, func(found *sql.Rows) (row journal.CounterWait, err error) {
		var seconds int64
		err = found.Scan(&row.Sender, &row.Receiver, &seconds)
		row.Waited = time.Duration(seconds) * time.Second
		return row, err
	}, `SELECT sender, receiver, waited FROM tallies WHERE month = ? AND what = ? ORDER BY at, subject`, month, journal.Taken)
}

// Encounters returns the clients of events between two times, with the party that acted.
func (s *Store) Encounters(ctx context.Context, from, to time.Time) ([]journal.Encounter, error) {
	return query(ctx, s, func(found *sql.Rows) (row journal.Encounter, err error) {
		err = found.Scan(&row.Client, &row.By)
		return row, err
	}, `SELECT DISTINCT client, by FROM events WHERE at >= ? AND at < ? AND client <> '' AND length(by) > 0 AND class <> 'wish'`,
		rows.Micros(from, 0), rows.Micros(to, rows.Never))
}

// query reads all rows of a statement.
func query[T any](ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), statement string, args ...any) ([]T, error) {
	found, err := s.read.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	all, err := collect(found, scan)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return all, nil
}
