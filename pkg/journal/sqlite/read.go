package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
)

const eventColumns = `subject, version, id, type, client, case_id, by, basis, at, trace, class, sealed, hash, prev_hash`

// Load returns the histories of subjects. It reads the events and the keys with one statement each.
func (s *Store) Load(ctx context.Context, subjects ...string) ([][]journal.Event, error) {
	histories := make([][]journal.Event, len(subjects))
	named, err := json.Marshal(append([]string{}, subjects...))
	if err != nil {
		return nil, fmt.Errorf("sqlite: load: %w", err)
	}
	sealed, err := query(ctx, s, scanEvent, `SELECT `+eventColumns+` FROM events
		WHERE subject IN (SELECT value FROM json_each(?)) ORDER BY subject, version`, string(named))
	if err != nil || len(sealed) == 0 {
		return histories, err
	}
	bySubject := map[string][]journal.SealedEvent{}
	var refs []seal.Ref
	for _, event := range sealed {
		if bySubject[event.Subject] == nil {
			refs = append(refs, rows.HistoryRef(event))
		}
		bySubject[event.Subject] = append(bySubject[event.Subject], event)
	}
	keys, err := s.vault.Keys(ctx, refs)
	if err != nil {
		return nil, err
	}
	for i, subject := range subjects {
		if bySubject[subject] == nil {
			continue
		}
		if histories[i], err = rows.OpenEvents(keys, bySubject[subject]); err != nil {
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

// collectUntil reads rows up to the first for which enough is true, and closes them.
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

// Client returns the client's identity that was recorded with a subject.
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

// UniqueKeys returns those of the named keys that a subject holds.
func (s *Store) UniqueKeys(ctx context.Context, keys ...string) (map[string]journal.UniqueKey, error) {
	named, err := json.Marshal(append([]string{}, keys...))
	if err != nil {
		return nil, fmt.Errorf("sqlite: unique keys: %w", err)
	}
	held := map[string]journal.UniqueKey{}
	_, err = query(ctx, s, func(found *sql.Rows) (none struct{}, err error) {
		var key journal.UniqueKey
		err = found.Scan(&key.Key, &key.Subject, &key.Version, &key.Digest)
		key.Digest = rows.OrNil(key.Digest)
		held[key.Key] = key
		return none, err
	}, `SELECT key, subject, version, digest FROM claims WHERE key IN (SELECT value FROM json_each(?))`, string(named))
	return held, err
}

// Due returns subjects whose next check is due.
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
