package sqlite

import (
	"context"
	"database/sql"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// OpenLoops are those that have not ended, as their senders are shown them.
func (s *Store) OpenLoops(ctx context.Context) ([]journal.OpenLoops, error) {
	return query(ctx, s, func(found *sql.Rows) (row journal.OpenLoops, err error) {
		var oldest int64
		err = found.Scan(&row.WaitingOn, &row.Phase, &row.Loops, &row.Overdue, &oldest)
		row.Oldest = rows.Time(oldest, 0)
		return row, err
	}, `SELECT waiting_on, phase, COUNT(*), SUM(overdue), MIN(started_at) FROM standings WHERE role = 'sender' AND NOT ended
GROUP BY waiting_on, phase ORDER BY waiting_on, phase`)
}

// Silent returns open loops in which something is past due.
func (s *Store) Silent(ctx context.Context, limit int) ([]journal.Standing, error) {
	return query(ctx, s, scanStanding, `SELECT `+standingColumns+` FROM standings WHERE role = 'sender' AND NOT ended AND overdue
ORDER BY due_at, subject LIMIT ?`, limit)
}

// Readers are all consumers, and how far behind each is.
func (s *Store) Readers(ctx context.Context) ([]journal.ReaderLag, error) {
	return query(ctx, s, func(found *sql.Rows) (row journal.ReaderLag, err error) {
		var at int64
		err = found.Scan(&row.Agency, &row.Consumer, &row.Head, &row.Acknowledged, &at, &row.Next)
		row.At = rows.Time(at, 0)
		return row, err
	}, `SELECT c.agency, c.name, COALESCE(m.sequence, 0), c.sequence, c.at, COALESCE(d.id, '')
FROM consumers c LEFT JOIN mailboxes m ON m.agency = c.agency
LEFT JOIN deliveries d ON d.agency = c.agency AND d.sequence = c.sequence + 1
ORDER BY c.agency, c.name`)
}
