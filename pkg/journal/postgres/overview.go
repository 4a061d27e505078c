package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// OpenMatters counts the matters that have not ended, as their senders are shown them.
func (s *Store) OpenMatters(ctx context.Context, at time.Time) ([]journal.OpenMatters, error) {
	found, err := s.read.Query(ctx, `SELECT waiting_on, phase, COUNT(*), COUNT(*) FILTER (WHERE overdue), MIN(started_at),
COUNT(*) FILTER (WHERE subject IN (SELECT subject FROM standings WHERE role = 'receiver' AND NOT touched AND NOT ended AND NOT hidden AND urgency IN (1, 2) AND waiting_on = agency AND due_at <= $1))
FROM standings WHERE role = 'sender' AND NOT ended GROUP BY waiting_on, phase ORDER BY waiting_on COLLATE "C", phase`, at.UnixMicro())
	matters, err := collect(found, err, func(found pgx.Rows) (row journal.OpenMatters, err error) {
		var oldest int64
		err = found.Scan(&row.WaitingOn, &row.Phase, &row.Streams, &row.Overdue, &oldest, &row.Untouched)
		row.Oldest = rows.Time(oldest, 0)
		return row, err
	})
	return matters, wrap("open matters", err)
}

// Untouched counts the urgent matters that are past due and that no person has handled.
func (s *Store) Untouched(ctx context.Context, at time.Time) ([]journal.Untouched, error) {
	found, err := s.read.Query(ctx, `SELECT agency, urgency, COUNT(*) FROM standings
WHERE role = 'receiver' AND NOT touched AND NOT ended AND NOT hidden AND urgency IN (1, 2) AND waiting_on = agency AND due_at <= $1 GROUP BY agency, urgency ORDER BY agency, urgency`, at.UnixMicro())
	untouched, err := collect(found, err, func(found pgx.Rows) (row journal.Untouched, err error) {
		err = found.Scan(&row.WaitingOn, &row.Urgency, &row.Streams)
		return row, err
	})
	return untouched, wrap("untouched matters", err)
}

// Silent returns open streams in which something is past due.
func (s *Store) Silent(ctx context.Context, at time.Time, limit int) ([]journal.Silent, error) {
	found, err := s.read.Query(ctx, `SELECT r.subject, COALESCE(s.agency, ''), r.waiting_on, r.phase, r.due_at, r.started_at, r.urgency
FROM standings AS r LEFT JOIN standings AS s ON s.subject = r.subject AND s.role = 'sender' AND NOT s.ended
WHERE r.role = 'receiver' AND NOT r.touched AND NOT r.ended AND NOT r.hidden AND r.urgency IN (1, 2) AND r.waiting_on = r.agency AND r.due_at <= $1
ORDER BY r.urgency, r.due_at, r.subject LIMIT $2`, at.UnixMicro(), limit)
	first, err := collect(found, err, scanSilent)
	if err != nil {
		return nil, wrap("silent matters", err)
	}
	found, err = s.read.Query(ctx, `SELECT subject, agency, waiting_on, phase, due_at, started_at, 0 FROM standings
WHERE role = 'sender' AND NOT ended AND overdue ORDER BY due_at, subject LIMIT $1`, limit)
	others, err := collect(found, err, scanSilent)
	return journal.Others(first, others, limit), wrap("silent matters", err)
}

func scanSilent(found pgx.Rows) (journal.Silent, error) {
	var row journal.Silent
	var due, started int64
	err := found.Scan(&row.Subject, &row.Sender, &row.WaitingOn, &row.Phase, &due, &started, &row.Urgency)
	row.DueAt, row.StartedAt = rows.Time(due, rows.Never), rows.Time(started, 0)
	return row, err
}

// Readers returns all consumers, and how far behind each is.
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
