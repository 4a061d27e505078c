package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// OpenLoops are those that have not ended, as their senders are shown them.
func (s *Store) OpenLoops(ctx context.Context) ([]journal.OpenLoops, error) {
	found, err := s.read.Query(ctx, `SELECT waiting_on, phase, COUNT(*), COUNT(*) FILTER (WHERE overdue), MIN(started_at) FROM standings
WHERE role = 'sender' AND NOT ended GROUP BY waiting_on, phase ORDER BY waiting_on COLLATE "C", phase`)
	loops, err := collect(found, err, func(found pgx.Rows) (row journal.OpenLoops, err error) {
		var oldest int64
		err = found.Scan(&row.WaitingOn, &row.Phase, &row.Loops, &row.Overdue, &oldest)
		row.Oldest = rows.Time(oldest, 0)
		return row, err
	})
	return loops, wrap("open loops", err)
}

// Silent returns open loops in which something is past due.
func (s *Store) Silent(ctx context.Context, limit int) ([]journal.Standing, error) {
	found, err := s.read.Query(ctx, `SELECT `+standingColumns+` FROM standings WHERE role = 'sender' AND NOT ended AND overdue
ORDER BY due_at, subject LIMIT $1`, limit)
	silent, err := collect(found, err, scanStanding)
	return silent, wrap("silent loops", err)
}

// Readers are all consumers, and how far behind each is.
func (s *Store) Readers(ctx context.Context) ([]journal.ReaderLag, error) {
	found, err := s.read.Query(ctx, `SELECT c.agency, c.name, COALESCE(m.sequence, 0), c.sequence, c.at, COALESCE(d.id, '')
FROM consumers c LEFT JOIN mailboxes m ON m.agency = c.agency
LEFT JOIN deliveries d ON d.agency = c.agency AND d.sequence = c.sequence + 1
ORDER BY c.agency, c.name`)
	readers, err := collect(found, err, func(found pgx.Rows) (row journal.ReaderLag, err error) {
		var at, head, acknowledged int64
		err = found.Scan(&row.Agency, &row.Consumer, &head, &acknowledged, &at, &row.Next)
		row.Head, row.Acknowledged, row.At = uint64(head), uint64(acknowledged), rows.Time(at, 0) //nolint:gosec // not negative
		return row, err
	})
	return readers, wrap("readers", err)
}
