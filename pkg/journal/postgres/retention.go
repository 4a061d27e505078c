package postgres

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
)

var _ journal.Retention = (*Store)(nil)

// writeEnds records when subjects end, and removes the record of those that are open again.
func (v *view) writeEnds(batch *pgx.Batch) {
	last := map[string]int64{}
	for _, event := range v.events {
		last[event.Subject] = event.At.UnixMicro()
	}
	var subject []string
	var at []int64
	for _, stream := range v.streams {
		if stream.Ended || !v.started[stream.Subject] {
			subject, at = append(subject, stream.Subject), append(at, last[stream.Subject])
		}
	}
	if len(subject) > 0 {
		batch.Queue(`UPDATE loops SET ended_at = CASE WHEN loops.ended THEN e.at ELSE $3 END
			FROM unnest($1::text[], $2::bigint[]) AS e (subject, at) WHERE loops.subject = e.subject AND loops.ended = (loops.ended_at = $3)`,
			subject, at, int64(rows.Never))
	}
}

// Ended returns subjects by their end, the earliest first.
func (s *Store) Ended(ctx context.Context, asked journal.EndedQuery) ([]journal.Ended, error) {
	after := journal.Ended{At: time.UnixMicro(math.MinInt64)}
	if asked.After != nil {
		after = *asked.After
	}
	found, err := s.read.Query(ctx, `SELECT subject, ended_at FROM loops WHERE ended AND expired = $1 AND ended_at <= $2 AND (ended_at, subject) > ($3, $4)
		AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.subject = loops.subject AND released_at IS NULL)
		ORDER BY ended_at, subject LIMIT $5`, asked.Expired, asked.Before.UnixMicro(), after.At.UnixMicro(), after.Subject, asked.Limit)
	all, err := collect(found, err, func(found pgx.Rows) (journal.Ended, error) {
		var row journal.Ended
		var at int64
		err := found.Scan(&row.Subject, &at)
		row.At = time.UnixMicro(at).UTC()
		return row, err
	})
	return all, wrap("ended", err)
}

// Expire destroys keys of a subject without a hold. It reads the holds under the committers' lock,
// as Hold sets them under it.
func (s *Store) Expire(ctx context.Context, expiry journal.Expiry) error {
	return s.submit(ctx, &task{alone: true, decide: func(ctx context.Context, v *view, _ rows.Keys) error {
		var held bool
		if err := s.writer.conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM holds WHERE subject = $1 AND released_at IS NULL)`, expiry.Subject).Scan(&held); err != nil {
			return wrap("expire", err)
		}
		if held {
			return journal.ErrHeld
		}
		if expiry.ReleaseBut != "" {
			if _, err := s.writer.conn.Exec(ctx, `DELETE FROM claims WHERE subject = $1 AND NOT starts_with(key, $2)`, expiry.Subject, expiry.ReleaseBut); err != nil {
				return wrap("expire", err)
			}
		}
		refs := rows.Refs(expiry.Subject, expiry.Classes...)
		v.erasures++
		if err := s.vault.Destroy(ctx, refs); err != nil {
			return err
		}
		if _, err := s.writer.conn.Exec(ctx, `UPDATE loops SET expired = GREATEST(expired, $2) WHERE subject = $1`, expiry.Subject, expiry.Years); err != nil {
			return wrap("expire", err)
		}
		if !slices.Contains(refs, rows.Ref(expiry.Subject, journal.ClassDocument)) {
			return nil
		}
		for _, statement := range []string{
			`UPDATE loops SET next_check_at = $2, derived = version WHERE subject = $1`,
			`UPDATE standings SET hidden = true, ended = true, waiting_on = '', worker = '', overdue = false, due_at = $2 WHERE subject = $1`,
		} {
			if _, err := s.writer.conn.Exec(ctx, statement, expiry.Subject, int64(rows.Never)); err != nil {
				return wrap("expire", err)
			}
		}
		return nil
	}})
}

// Destroyed returns the subjects whose document key was destroyed.
func (s *Store) Destroyed(ctx context.Context) ([]string, error) {
	found, err := s.keys.Query(ctx, `SELECT subject FROM keys WHERE wrapped IS NULL AND class = $1 ORDER BY subject`, journal.ClassDocument)
	all, err := collect(found, err, func(found pgx.Rows) (subject string, err error) {
		err = found.Scan(&subject)
		return subject, err
	})
	return all, wrap("destroyed", err)
}

// Subjects returns the subjects of a client.
func (s *Store) Subjects(ctx context.Context, client string) ([]string, error) {
	found, err := s.read.Query(ctx, `SELECT subject FROM loops WHERE client = $1 ORDER BY subject`, client)
	all, err := collect(found, err, func(found pgx.Rows) (subject string, err error) {
		err = found.Scan(&subject)
		return subject, err
	})
	return all, wrap("subjects", err)
}

// Hold prevents the expiry of a subject.
func (s *Store) Hold(ctx context.Context, hold journal.RetentionHold) error {
	return s.submit(ctx, &task{alone: true, decide: func(ctx context.Context, _ *view, _ rows.Keys) error {
		return someRow(s.writer.conn.Exec(ctx, `INSERT INTO holds (subject, reason, by, at) SELECT subject, $1, $2, $3 FROM loops WHERE subject = $4`,
			hold.Reason, hold.By, hold.At.UnixMicro(), hold.Subject))
	}})
}

// Release ends all holds of a subject.
func (s *Store) Release(ctx context.Context, subject, by string, at time.Time) error {
	return s.submit(ctx, &task{alone: true, decide: func(ctx context.Context, _ *view, _ rows.Keys) error {
		return someRow(s.writer.conn.Exec(ctx, `UPDATE holds SET released_by = $1, released_at = $2 WHERE subject = $3 AND released_at IS NULL`,
			by, at.UnixMicro(), subject))
	}})
}

// someRow returns journal.ErrNotFound where a statement changed no row.
func someRow(done pgconn.CommandTag, err error) error {
	if err == nil && done.RowsAffected() == 0 {
		return journal.ErrNotFound
	}
	return wrap("holds", err)
}

// Holds returns the holds that are in force.
func (s *Store) Holds(ctx context.Context) ([]journal.RetentionHold, error) {
	found, err := s.read.Query(ctx, `SELECT subject, reason, by, at FROM holds WHERE released_at IS NULL ORDER BY subject, at, number`)
	all, err := collect(found, err, func(found pgx.Rows) (journal.RetentionHold, error) {
		var row journal.RetentionHold
		var at int64
		err := found.Scan(&row.Subject, &row.Reason, &row.By, &at)
		row.At = time.UnixMicro(at).UTC()
		return row, err
	})
	return all, wrap("holds", err)
}

// Rewrapper returns the keeper with which the store's keys are wrapped again.
func (s *Store) Rewrapper() seal.Rewrapper { return keeper{s.keys} }
