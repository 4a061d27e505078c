package postgres

import (
	"context"
	"iter"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// stream reads the rows of a query one by one.
func stream[T any](ctx context.Context, s *Store, query string, scan func(pgx.Rows) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		found, err := s.read.Query(ctx, query)
		if err != nil {
			yield(none, wrap("raw", err))
			return
		}
		defer found.Close()
		for found.Next() {
			row, err := scan(found)
			if !yield(row, err) || err != nil {
				return
			}
		}
		if err := found.Err(); err != nil {
			yield(none, wrap("raw", err))
		}
	}
}

// RawEvents implements journal.Raw, as each method below does.
func (s *Store) RawEvents(ctx context.Context) iter.Seq2[journal.SealedEvent, error] {
	return stream(ctx, s, `SELECT `+eventColumns+` FROM events ORDER BY subject, version`,
		func(found pgx.Rows) (journal.SealedEvent, error) { return scanEvent(found) })
}

func (s *Store) RawStreams(ctx context.Context) iter.Seq2[journal.RawStream, error] {
	return stream(ctx, s, `SELECT subject, service, client, case_id, state, version, next_check_at, ended, head FROM loops ORDER BY subject`,
		func(found pgx.Rows) (row journal.RawStream, err error) {
			var next int64
			err = found.Scan(&row.Subject, &row.Service, &row.Client, &row.Case, &row.State, &row.Version, &next, &row.Ended, &row.Head)
			row.NextCheckAt = rows.Time(next, rows.Never)
			return row, err
		})
}

func (s *Store) RawWorklistEntries(ctx context.Context) iter.Seq2[journal.WorklistEntry, error] {
	return stream(ctx, s, `SELECT `+entryColumns+` FROM standings ORDER BY subject, agency`, scanWorklistEntry)
}

func (s *Store) RawDeliveries(ctx context.Context) iter.Seq2[journal.RawDelivery, error] {
	return stream(ctx, s, `SELECT `+deliveryColumns+erasures+` FROM deliveries ORDER BY agency, sequence`,
		func(found pgx.Rows) (journal.RawDelivery, error) {
			var destroyed int64
			row, err := scanDelivery(found, &destroyed)
			if err != nil {
				return journal.RawDelivery{}, err
			}
			keys, err := s.keysSince(ctx, destroyed, rows.DeliveryRefs([]rows.Delivery{row}))
			if err != nil {
				return journal.RawDelivery{}, err
			}
			opened, err := rows.OpenDelivery(keys, row)
			return journal.RawDelivery{Delivery: opened, Unreadable: err != nil}, nil
		})
}

func (s *Store) RawUniqueKeys(ctx context.Context) iter.Seq2[journal.UniqueKey, error] {
	return stream(ctx, s, `SELECT key, subject, version, digest FROM claims ORDER BY key`, scanUniqueKey)
}

func (s *Store) RawConsumers(ctx context.Context) iter.Seq2[journal.RawConsumer, error] {
	return stream(ctx, s, `SELECT agency, name, sequence, takeover, at FROM consumers ORDER BY agency, name`, scanConsumer)
}

func (s *Store) RawAccesses(ctx context.Context) iter.Seq2[journal.Access, error] {
	return stream(ctx, s, `SELECT `+accessColumns+` FROM accesses ORDER BY number`,
		func(found pgx.Rows) (journal.Access, error) { return scanAccess(found) })
}
