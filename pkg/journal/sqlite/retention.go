package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
)

var _ journal.Retention = (*Store)(nil)

// ends records when subjects end, and removes the record of those that are open again.
func (a *appending) ends(ctx context.Context) error {
	for _, stream := range a.batch.Streams {
		if !stream.Ended && a.batch.Expected[stream.Subject] == 0 {
			continue
		}
		if _, err := a.tx.ExecContext(ctx, `UPDATE loops SET ended_at = CASE WHEN ended THEN ?2 ELSE ?3 END
			WHERE subject = ?1 AND ended = (ended_at = ?3)`,
			stream.Subject, journal.EndOf(a.batch.Events, stream.Subject).UnixMicro(), int64(rows.Never)); err != nil {
			return fmt.Errorf("sqlite: note an end: %w", err)
		}
	}
	return nil
}

// Ended returns subjects by their end, the earliest first.
func (s *Store) Ended(ctx context.Context, asked journal.EndedQuery) ([]journal.Ended, error) {
	after := journal.Ended{At: time.UnixMicro(math.MinInt64)}
	if asked.After != nil {
		after = *asked.After
	}
	return query(ctx, s, func(found *sql.Rows) (journal.Ended, error) {
		var row journal.Ended
		var at int64
		err := found.Scan(&row.Subject, &at)
		row.At = time.UnixMicro(at).UTC()
		return row, err
	}, `SELECT subject, ended_at FROM loops WHERE ended AND expired = ?1 AND ended_at <= ?2 AND (ended_at, subject) > (?3, ?4)
		AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.subject = loops.subject AND released_at IS NULL)
		ORDER BY ended_at, subject LIMIT ?5`, asked.Expired, asked.Before.UnixMicro(), after.At.UnixMicro(), after.Subject, asked.Limit)
}

// Expire destroys keys of a subject without a hold.
func (s *Store) Expire(ctx context.Context, expiry journal.Expiry) error {
	return s.submit(ctx, &task{apply: func(ctx context.Context, tx *sql.Tx, _ rows.Keys) error {
		var held bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM holds WHERE subject = ? AND released_at IS NULL)`, expiry.Subject).Scan(&held); err != nil {
			return fmt.Errorf("sqlite: expire: %w", err)
		}
		if held {
			return journal.ErrHeld
		}
		if expiry.ReleaseBut != "" {
			if _, err := tx.ExecContext(ctx, `DELETE FROM claims WHERE subject = ?1 AND substr(key, 1, length(?2)) <> ?2`, expiry.Subject, expiry.ReleaseBut); err != nil {
				return fmt.Errorf("sqlite: expire: %w", err)
			}
		}
		refs := rows.Refs(expiry.Subject, expiry.Classes...)
		if err := s.vault.Destroy(ctx, refs); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE loops SET expired = MAX(expired, ?) WHERE subject = ?`, expiry.Years, expiry.Subject); err != nil {
			return fmt.Errorf("sqlite: expire: %w", err)
		}
		if !slices.Contains(refs, rows.Ref(expiry.Subject, journal.ClassDocument)) {
			return nil
		}
		for _, statement := range []string{
			`UPDATE loops SET next_check_at = ?2, derived = version WHERE subject = ?1`,
			`UPDATE standings SET hidden = 1, ended = 1, waiting_on = '', worker = '', overdue = 0, due_at = ?2 WHERE subject = ?1`,
		} {
			if _, err := tx.ExecContext(ctx, statement, expiry.Subject, int64(rows.Never)); err != nil {
				return fmt.Errorf("sqlite: expire: %w", err)
			}
		}
		return nil
	}})
}

// Destroyed returns the subjects whose document key was destroyed.
func (s *Store) Destroyed(ctx context.Context) ([]string, error) {
	found, err := s.keys.QueryContext(ctx, `SELECT subject FROM keys WHERE wrapped IS NULL AND class = ? ORDER BY subject`, journal.ClassDocument)
	if err != nil {
		return nil, fmt.Errorf("sqlite: destroyed: %w", err)
	}
	return collect(found, func(found *sql.Rows) (subject string, err error) {
		err = found.Scan(&subject)
		return subject, err
	})
}

// Subjects returns the subjects of a client.
func (s *Store) Subjects(ctx context.Context, client string) ([]string, error) {
	return query(ctx, s, func(found *sql.Rows) (subject string, err error) {
		err = found.Scan(&subject)
		return subject, err
	}, `SELECT subject FROM loops WHERE client = ? ORDER BY subject`, client)
}

// Hold prevents the expiry of a subject.
func (s *Store) Hold(ctx context.Context, hold journal.RetentionHold) error {
	return s.submit(ctx, &task{apply: func(ctx context.Context, tx *sql.Tx, _ rows.Keys) error {
		return someRow(tx.ExecContext(ctx, `INSERT INTO holds (subject, reason, by, at) SELECT subject, ?, ?, ? FROM loops WHERE subject = ?`,
			hold.Reason, hold.By, hold.At.UnixMicro(), hold.Subject))
	}})
}

// Release ends all holds of a subject.
func (s *Store) Release(ctx context.Context, subject, by string, at time.Time) error {
	return s.submit(ctx, &task{apply: func(ctx context.Context, tx *sql.Tx, _ rows.Keys) error {
		return someRow(tx.ExecContext(ctx, `UPDATE holds SET released_by = ?, released_at = ? WHERE subject = ? AND released_at IS NULL`,
			by, at.UnixMicro(), subject))
	}})
}

// someRow returns journal.ErrNotFound where a statement changed no row.
func someRow(result sql.Result, err error) error {
	if err != nil {
		return fmt.Errorf("sqlite: holds: %w", err)
	}
	if changed, err := result.RowsAffected(); err != nil || changed == 0 {
		return errors.Join(journal.ErrNotFound, err)
	}
	return nil
}

// Holds returns the holds that are in force.
func (s *Store) Holds(ctx context.Context) ([]journal.RetentionHold, error) {
	return query(ctx, s, func(found *sql.Rows) (journal.RetentionHold, error) {
		var row journal.RetentionHold
		var at int64
		err := found.Scan(&row.Subject, &row.Reason, &row.By, &at)
		row.At = time.UnixMicro(at).UTC()
		return row, err
	}, `SELECT subject, reason, by, at FROM holds WHERE released_at IS NULL ORDER BY subject, at, number`)
}

// Rewrapper returns the keeper with which the store's keys are wrapped again.
func (s *Store) Rewrapper() seal.Rewrapper { return keeper{s.keys} }
