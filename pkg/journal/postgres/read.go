package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
)

const eventColumns = `subject, version, id, type, client, case_id, by, basis, at, trace, class, sealed, hash, prev_hash`

// erasures is read with every row that a key opens. By this count, a process notices at the moment
// of its reading that another process destroyed keys.
const erasures = `, (SELECT count FROM erasures)`

// Load returns the histories of subjects.
func (s *Store) Load(ctx context.Context, subjects ...string) ([][]journal.Event, error) {
	histories := make([][]journal.Event, len(subjects))
	if len(subjects) == 0 {
		return histories, nil
	}
	var destroyed int64
	sealed, err := look(ctx, s.lookups, func(found pgx.Rows) (journal.SealedEvent, error) { return scanEvent(found, &destroyed) },
		`SELECT `+eventColumns+erasures+` FROM events WHERE subject = ANY($1) ORDER BY subject, version`, subjects)
	if err != nil || len(sealed) == 0 {
		return histories, wrap("load", err)
	}
	bySubject := map[string][]journal.SealedEvent{}
	var refs []seal.Ref
	for _, event := range sealed {
		if bySubject[event.Subject] == nil {
			refs = append(refs, rows.HistoryRef(event))
		}
		bySubject[event.Subject] = append(bySubject[event.Subject], event)
	}
	keys, err := s.keysSince(ctx, destroyed, refs)
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

// keysSince returns keys as they are after the given number of destructions.
func (s *Store) keysSince(ctx context.Context, destroyed int64, refs []seal.Ref) (rows.Keys, error) {
	s.vault.Seen(destroyed)
	return s.vault.Keys(ctx, refs)
}

func scanEvent(found pgx.Rows, more ...any) (journal.SealedEvent, error) {
	var row journal.SealedEvent
	var at int64
	err := found.Scan(append([]any{
		&row.Subject, &row.Version, &row.ID, &row.Type, &row.Client, &row.Case, &row.By, &row.Basis, &at,
		&row.Trace, &row.Class, &row.Sealed, &row.Hash, &row.PrevHash,
	}, more...)...)
	row.At = time.UnixMicro(at).UTC()
	return row, err
}

// collect reads all rows and closes them.
func collect[T any](found pgx.Rows, err error, scan func(pgx.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, func(pgx.CollectableRow) (T, error) { return scan(found) })
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("postgres: %s: %w", what, err)
}

// Client returns the client's identity that was recorded with a subject.
func (s *Store) Client(ctx context.Context, subject string) ([]byte, error) {
	var sealed []byte
	var destroyed int64
	err := s.read.QueryRow(ctx, `SELECT sealed`+erasures+` FROM clients WHERE subject = $1`, subject).Scan(&sealed, &destroyed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, journal.ErrNotFound
	}
	if err != nil {
		return nil, wrap("client", err)
	}
	keys, err := s.keysSince(ctx, destroyed, rows.Refs(subject, journal.ClassIdentity))
	if err != nil {
		return nil, err
	}
	return rows.OpenClient(keys, subject, sealed)
}

// UniqueKeys returns those of the named keys that a subject holds.
func (s *Store) UniqueKeys(ctx context.Context, keys ...string) (map[string]journal.UniqueKey, error) {
	held := map[string]journal.UniqueKey{}
	if len(keys) == 0 {
		return held, nil
	}
	uniqueKeys, err := look(ctx, s.lookups, scanUniqueKey, `SELECT key, subject, version, digest FROM claims WHERE key = ANY($1)`, keys)
	for _, key := range uniqueKeys {
		held[key.Key] = key
	}
	return held, wrap("unique keys", err)
}

func scanUniqueKey(found pgx.Rows) (journal.UniqueKey, error) {
	var key journal.UniqueKey
	err := found.Scan(&key.Key, &key.Subject, &key.Version, &key.Digest)
	key.Digest = rows.OrNil(key.Digest)
	return key, err
}

// Due returns subjects whose next check is due.
func (s *Store) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	found, err := s.read.Query(ctx, `SELECT subject FROM loops WHERE next_check_at <= $1 ORDER BY next_check_at, subject LIMIT $2`, at.UnixMicro(), limit)
	subjects, err := collect(found, err, func(found pgx.Rows) (subject string, err error) {
		err = found.Scan(&subject)
		return subject, err
	})
	return subjects, wrap("due", err)
}

// Setting reads a setting.
func (s *Store) Setting(ctx context.Context, key string) (string, bool, error) {
	var value string
	err := s.read.QueryRow(ctx, `SELECT value FROM settings WHERE key = $1`, key).Scan(&value)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	return value, err == nil, wrap("setting", err)
}
