package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
)

const eventColumns = `subject, version, id, type, client, case_id, by, basis, at, trace, class, sealed, hash, prev_hash`

// Load returns the histories of subjects.
func (s *Store) Load(ctx context.Context, subjects ...string) ([][]journal.Event, error) {
	histories := make([][]journal.Event, len(subjects))
	refs := make([]seal.Ref, 0, len(subjects))
	for _, subject := range subjects {
		refs = append(refs, ref(subject, journal.ClassDocument))
	}
	for i, subject := range subjects {
		rows, err := s.read.QueryContext(ctx, `SELECT `+eventColumns+` FROM events WHERE subject = ? ORDER BY version`, subject)
		if err != nil {
			return nil, fmt.Errorf("sqlite: load: %w", err)
		}
		sealed, err := collect(rows, scanEvent)
		if err != nil {
			return nil, fmt.Errorf("sqlite: load: %w", err)
		}
		if len(sealed) == 0 {
			continue
		}
		keys, err := s.vault.Keys(ctx, refs[i:i+1])
		if err != nil {
			return nil, err
		}
		if histories[i], err = openEvents(sealed, keys[refs[i]]); err != nil {
			return nil, err
		}
	}
	return histories, nil
}

func openEvents(sealed []journal.SealedEvent, key tink.AEAD) ([]journal.Event, error) {
	events := make([]journal.Event, 0, len(sealed))
	for _, row := range sealed {
		event := row.Event
		if key == nil {
			event.Erased = true
		} else {
			payload, err := key.Decrypt(row.Sealed, eventContext(event))
			if err != nil {
				return nil, fmt.Errorf("sqlite: event %d of %s does not open", event.Version, event.Subject)
			}
			event.Payload = orNil(payload)
		}
		events = append(events, event)
	}
	return events, nil
}

func scanEvent(rows *sql.Rows) (journal.SealedEvent, error) {
	var row journal.SealedEvent
	var at int64
	err := rows.Scan(&row.Subject, &row.Version, &row.ID, &row.Type, &row.Client, &row.Case, &row.By, &row.Basis, &at,
		&row.Trace, &row.Class, &row.Sealed, &row.Hash, &row.PrevHash)
	row.At = time.UnixMicro(at).UTC()
	row.By, row.Basis = orNil(row.By), orNil(row.Basis)
	return row, err
}

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) (all []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
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
	name := ref(subject, journal.ClassIdentity)
	keys, err := s.vault.Keys(ctx, []seal.Ref{name})
	if err != nil {
		return nil, err
	}
	key := keys[name]
	if key == nil {
		return nil, journal.ErrNotFound
	}
	client, err := key.Decrypt(sealed, clientContext(subject))
	if err != nil {
		return nil, fmt.Errorf("sqlite: the client of %s does not open", subject)
	}
	return client, nil
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
		claim.Digest = orNil(claim.Digest)
		held[key] = claim
	}
	return held, nil
}

// Due returns subjects whose next check has come.
func (s *Store) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT subject FROM loops WHERE next_check_at <= ? ORDER BY next_check_at, subject LIMIT ?`,
		at.UnixMicro(), limit)
	if err != nil {
		return nil, fmt.Errorf("sqlite: due: %w", err)
	}
	subjects, err := collect(rows, func(rows *sql.Rows) (subject string, err error) {
		err = rows.Scan(&subject)
		return subject, err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: due: %w", err)
	}
	return subjects, nil
}
