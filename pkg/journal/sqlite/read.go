package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
)

const eventColumns = `subject, version, id, type, client, case_id, by, basis, at, trace, class, sealed, hash, prev_hash`

// Load returns the histories of subjects.
func (s *Store) Load(ctx context.Context, subjects ...string) ([][]journal.Event, error) {
	histories := make([][]journal.Event, len(subjects))
	for i, subject := range subjects {
		found, err := s.read.QueryContext(ctx, `SELECT `+eventColumns+` FROM events WHERE subject = ? ORDER BY version`, subject)
		if err != nil {
			return nil, fmt.Errorf("sqlite: load: %w", err)
		}
		sealed, err := collect(found, scanEvent)
		if err != nil {
			return nil, fmt.Errorf("sqlite: load: %w", err)
		}
		if len(sealed) == 0 {
			continue
		}
		keys, err := s.vault.Keys(ctx, []seal.Ref{rows.HistoryRef(sealed[0])})
		if err != nil {
			return nil, err
		}
		if histories[i], err = rows.OpenEvents(keys, sealed); err != nil {
			return nil, err
		}
	}
	return histories, nil
}

func scanEvent(found *sql.Rows) (journal.SealedEvent, error) {
	var row journal.SealedEvent
	var at int64
	err := found.Scan(&row.Subject, &row.Version, &row.ID, &row.Type, &row.Client, &row.Case, &row.By, &row.Basis, &at,
		&row.Trace, &row.Class, &row.Sealed, &row.Hash, &row.PrevHash)
	row.At = time.UnixMicro(at).UTC()
	return row, err
}

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	return collectUntil(rows, scan, func(T) bool { return false })
}

// collectUntil reads rows up to the one with which it is enough, and closes them.
func collectUntil[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error), enough func(T) bool) (all []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		if all = append(all, one); enough(one) {
			break
		}
	}
	return all, rows.Err()
}

// Client returns who the client of a subject is.
func (s *Store) Client(ctx context.Context, subject string) ([]byte, error) {
	var sealed []byte
	err := s.read.QueryRowContext(ctx, `SELECT sealed FROM clients WHERE subject = ?`, subject).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, journal.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: client: %w", err)
	}
	keys, err := s.vault.Keys(ctx, rows.Refs(subject, journal.ClassIdentity))
	if err != nil {
		return nil, err
	}
	return rows.OpenClient(keys, subject, sealed)
}

// Claims returns those of the claims that are held.
func (s *Store) Claims(ctx context.Context, keys ...string) (map[string]journal.Claim, error) {
	held := map[string]journal.Claim{}
	for _, key := range keys {
		claim := journal.Claim{Key: key}
		err := s.read.QueryRowContext(ctx, `SELECT subject, version, digest FROM claims WHERE key = ?`, key).
			Scan(&claim.Subject, &claim.Version, &claim.Digest)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("sqlite: claims: %w", err)
		}
		claim.Digest = rows.OrNil(claim.Digest)
		held[key] = claim
	}
	return held, nil
}

// Due returns subjects whose next check has come.
func (s *Store) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	found, err := s.read.QueryContext(ctx, `SELECT subject FROM loops WHERE next_check_at <= ? ORDER BY next_check_at, subject LIMIT ?`,
		at.UnixMicro(), limit)
	if err != nil {
		return nil, fmt.Errorf("sqlite: due: %w", err)
	}
	subjects, err := collect(found, func(rows *sql.Rows) (subject string, err error) {
		err = rows.Scan(&subject)
		return subject, err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: due: %w", err)
	}
	return subjects, nil
}
