package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// stream reads the rows of a query one by one.
func stream[T any](ctx context.Context, db *sql.DB, query string, scan func(*sql.Rows) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		found, err := db.QueryContext(ctx, query)
		if err != nil {
			yield(none, fmt.Errorf("sqlite: raw: %w", err))
			return
		}
		defer func() { _ = found.Close() }()
		for found.Next() {
			row, err := scan(found)
			if !yield(row, err) || err != nil {
				return
			}
		}
		if err := found.Err(); err != nil {
			yield(none, fmt.Errorf("sqlite: raw: %w", err))
		}
	}
}

// RawEvents implements journal.Raw, as each method below does.
func (s *Store) RawEvents(ctx context.Context) iter.Seq2[journal.SealedEvent, error] {
	return stream(ctx, s.read, `SELECT `+eventColumns+` FROM events ORDER BY subject, version`, scanEvent)
}

func (s *Store) RawStreams(ctx context.Context) iter.Seq2[journal.RawStream, error] {
	return stream(ctx, s.read, `SELECT subject, service, client, case_id, state, version, next_check_at, ended, head FROM loops ORDER BY subject`,
		func(found *sql.Rows) (row journal.RawStream, err error) {
			var next int64
			err = found.Scan(&row.Subject, &row.Service, &row.Client, &row.Case, &row.State, &row.Version, &next, &row.Ended, &row.Head)
			row.NextCheckAt = rows.Time(next, rows.Never)
			return row, err
		})
}

func (s *Store) RawWorklistEntries(ctx context.Context) iter.Seq2[journal.WorklistEntry, error] {
	return stream(ctx, s.read, `SELECT `+entryColumns+` FROM standings ORDER BY subject, agency`, scanWorklistEntry)
}

func (s *Store) RawDeliveries(ctx context.Context) iter.Seq2[journal.RawDelivery, error] {
	return stream(ctx, s.read, `SELECT `+deliveryColumns+` FROM deliveries ORDER BY agency, sequence`,
		func(found *sql.Rows) (journal.RawDelivery, error) {
			row, err := scanDelivery(found)
			if err != nil {
				return journal.RawDelivery{}, err
			}
			keys, err := s.vault.Keys(ctx, rows.DeliveryRefs([]rows.Delivery{row}))
			if err != nil {
				return journal.RawDelivery{}, err
			}
			opened, err := rows.OpenDelivery(keys, row)
			return journal.RawDelivery{Delivery: opened, Unreadable: err != nil}, nil
		})
}

func (s *Store) RawUniqueKeys(ctx context.Context) iter.Seq2[journal.UniqueKey, error] {
	return stream(ctx, s.read, `SELECT key, subject, version, digest FROM claims ORDER BY key`,
		func(found *sql.Rows) (key journal.UniqueKey, err error) {
			err = found.Scan(&key.Key, &key.Subject, &key.Version, &key.Digest)
			key.Digest = rows.OrNil(key.Digest)
			return key, err
		})
}

func (s *Store) RawConsumers(ctx context.Context) iter.Seq2[journal.RawConsumer, error] {
	return stream(ctx, s.read, `SELECT agency, name, sequence, takeover, at FROM consumers ORDER BY agency, name`,
		func(found *sql.Rows) (row journal.RawConsumer, err error) {
			var at int64
			err = found.Scan(&row.Agency, &row.Name, &row.Sequence, &row.Epoch, &at)
			row.At = time.UnixMicro(at).UTC()
			return row, err
		})
}

func (s *Store) RawAccesses(ctx context.Context) iter.Seq2[journal.Access, error] {
	return stream(ctx, s.read, `SELECT `+accessColumns+` FROM accesses ORDER BY number`,
		func(found *sql.Rows) (journal.Access, error) { return scanAccess(found) })
}
