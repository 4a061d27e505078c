package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

func (v *view) writeCounters(batch *pgx.Batch) {
	if len(v.counters) == 0 {
		return
	}
	n := len(v.counters)
	subject, what, month, sender, receiver := texts(n), texts(n), texts(n), texts(n), texts(n)
	at, waited := numbers(n), numbers(n)
	for i, t := range v.counters {
		subject[i], what[i], month[i], sender[i], receiver[i] = t.Subject, t.What, t.Month, t.Sender, t.Receiver
		at[i], waited[i] = t.At.UnixMicro(), int64(t.Waited/time.Second)
	}
	batch.Queue(`INSERT INTO tallies (subject, what, month, sender, receiver, at, waited)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[]) ON CONFLICT DO NOTHING`,
		subject, what, month, sender, receiver, at, waited)
}

// FirstMonth returns the first month in which anything was counted.
func (s *Store) FirstMonth(ctx context.Context) (string, error) {
	var first *string
	if err := s.read.QueryRow(ctx, `SELECT MIN(month) FROM tallies`).Scan(&first); err != nil || first == nil {
		return "", wrap("first month", err)
	}
	return *first, nil
}

// Counts returns how many subjects were counted in a month.
func (s *Store) Counts(ctx context.Context, month string) ([]journal.CounterSum, error) {
	found, err := s.read.Query(ctx, `SELECT what, sender, receiver, COUNT(*) FROM tallies WHERE month = $1
		GROUP BY what, sender, receiver ORDER BY what, sender, receiver`, month)
	counts, err := collect(found, err, func(found pgx.Rows) (row journal.CounterSum, err error) {
		err = found.Scan(&row.What, &row.Sender, &row.Receiver, &row.Subjects)
		return row, err
	})
	return counts, wrap("counts", err)
}

// Counted reports whether anything was counted in a month under a name from the first to the last.
func (s *Store) Counted(ctx context.Context, month, first, last string) (counted bool, err error) {
	err = s.read.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM tallies WHERE month = $1 AND what >= $2 AND what <= $3)`, month, first, last).Scan(&counted)
	return counted, wrap("counted", err)
}

// Waits returns the waiting times of the subjects that were taken in a month.
func (s *Store) Waits(ctx context.Context, month string) ([]journal.CounterWait, error) {
	found, err := s.read.Query(ctx, `SELECT sender, receiver, waited FROM tallies WHERE month = $1 AND what = $2 ORDER BY at, subject`, month, journal.Taken)
	waits, err := collect(found, err, func(found pgx.Rows) (row journal.CounterWait, err error) {
		var seconds int64
		err = found.Scan(&row.Sender, &row.Receiver, &seconds)
		row.Waited = time.Duration(seconds) * time.Second
		return row, err
	})
	return waits, wrap("waits", err)
}

// Encounters returns the clients of events between two times, with the party that acted.
func (s *Store) Encounters(ctx context.Context, from, to time.Time) ([]journal.Encounter, error) {
	found, err := s.read.Query(ctx, `SELECT DISTINCT client, by FROM events WHERE at >= $1 AND at < $2 AND client <> '' AND length(by) > 0 AND class <> 'wish'`,
		rows.Micros(from, 0), rows.Micros(to, rows.Never))
	meetings, err := collect(found, err, func(found pgx.Rows) (row journal.Encounter, err error) {
		err = found.Scan(&row.Client, &row.By)
		return row, err
	})
	return meetings, wrap("meetings", err)
}
