package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// Stale returns streams whose rows an earlier version of the program wrote.
func (s *Store) Stale(ctx context.Context, limit int) ([]journal.Stream, error) {
	found, err := s.read.Query(ctx, `SELECT subject, service, client, case_id, state, version, next_check_at, ended FROM loops
		WHERE derived <> version AND NOT ended ORDER BY derived, subject LIMIT $1`, limit)
	stale, err := collect(found, err, func(found pgx.Rows) (row journal.Stream, err error) {
		var next int64
		err = found.Scan(&row.Subject, &row.Service, &row.Client, &row.Case, &row.State, &row.Version, &next, &row.Ended)
		row.NextCheckAt = rows.Time(next, rows.Never)
		return row, err
	})
	return stale, wrap("stale", err)
}

// writeDerived stores the rows of unchanged subjects as this program's rules derive them. A subject
// that has ended by these rules ended at the time of its last event.
func (v *view) writeDerived(batch *pgx.Batch) {
	n := 0
	subject, state, version, next, ended := texts(len(v.derived)), make([]int32, len(v.derived)), numbers(len(v.derived)), numbers(len(v.derived)), make([]bool, len(v.derived))
	for name, stream := range v.derived {
		subject[n], state[n], version[n], next[n], ended[n] = name, stream.State, int64(stream.Version), rows.Micros(stream.NextCheckAt, rows.Never), stream.Ended //nolint:gosec // counts from 1
		n++
	}
	if n == 0 {
		return
	}
	batch.Queue(`UPDATE loops SET state = d.state, next_check_at = d.next, ended = d.ended, derived = loops.version,
			ended_at = CASE WHEN d.ended THEN (SELECT at FROM events WHERE events.subject = d.subject AND events.version = d.version) ELSE loops.ended_at END
		FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::boolean[]) AS d (subject, state, version, next, ended)
		WHERE loops.subject = d.subject AND loops.version = d.version`,
		subject, state, version, next, ended)
}
