package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

const parkedColumns = `agency, consumer, subject, sequence, code, retry, at`

type parkedKey struct {
	consumerKey
	subject string
}

// Parked returns what is parked for an agency's consumers, or for those of all agencies.
func (s *Store) Parked(ctx context.Context, agency string) ([]journal.Parked, error) {
	sql, args := `SELECT `+parkedColumns+` FROM parked`, []any(nil)
	if agency != "" {
		sql, args = sql+` WHERE agency = $1`, []any{agency}
	}
	found, err := s.read.Query(ctx, sql+` ORDER BY agency, consumer, subject`, args...)
	parked, err := collect(found, err, scanParked)
	return parked, wrap("parked", err)
}

func scanParked(row pgx.Rows) (journal.Parked, error) {
	var parked journal.Parked
	var at int64
	err := row.Scan(&parked.Agency, &parked.Consumer, &parked.Subject, &parked.Sequence, &parked.Code, &parked.Retry, &at)
	parked.At = time.UnixMicro(at).UTC()
	return parked, err
}

// Park changes what is parked.
func (s *Store) Park(ctx context.Context, change journal.Parking) error {
	consumer := consumerKey{change.Agency, change.Consumer}
	key := parkedKey{consumer, change.Subject}
	return s.submit(ctx, &task{
		asks: asks{consumers: []consumerKey{consumer}, parked: []parkedKey{key}},
		decide: func(_ context.Context, v *view, _ rows.Keys) error {
			next, err := v.parked[key].Changed(change, v.consumers[consumer])
			if err != nil {
				return err
			}
			v.parked[key], v.movedParked[key] = next, true
			return nil
		},
	})
}

// lookParked adds the query for parked subjects under the keys to the group's batch.
func (v *view) lookParked(batch *pgx.Batch, keys []parkedKey) {
	var agencies, consumers, subjects []string
	for _, key := range keys {
		agencies, consumers, subjects = append(agencies, key.agency), append(consumers, key.name), append(subjects, key.subject)
	}
	lookUp(batch, agencies, `SELECT `+parkedColumns+` FROM parked
		JOIN unnest($1::text[], $2::text[], $3::text[]) AS asked (agency, consumer, subject) USING (agency, consumer, subject)`, func(row pgx.Rows) error {
		one, err := scanParked(row)
		v.parked[parkedKey{consumerKey{one.Agency, one.Consumer}, one.Subject}] = &one
		return err
	}, consumers, subjects)
}

func (v *view) writeParked(batch *pgx.Batch) {
	for key := range v.movedParked {
		next := v.parked[key]
		if next == nil {
			batch.Queue(`DELETE FROM parked WHERE agency = $1 AND consumer = $2 AND subject = $3`, key.agency, key.name, key.subject)
			continue
		}
		batch.Queue(`INSERT INTO parked (`+parkedColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (agency, consumer, subject) DO UPDATE SET sequence = excluded.sequence, code = excluded.code, retry = excluded.retry, at = excluded.at`,
			next.Agency, next.Consumer, next.Subject, int64(next.Sequence), next.Code, next.Retry, next.At.UnixMicro()) //nolint:gosec // counts from 1
	}
}
