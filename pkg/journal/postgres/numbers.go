package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal/rows"
)

// Unnumbered returns subjects of which a version before wrote a worklist entry, without a number.
func (s *Store) Unnumbered(ctx context.Context, limit int) ([]string, error) {
	found, err := s.read.Query(ctx, `SELECT DISTINCT subject FROM standings WHERE number = '' AND role <> 'officer' ORDER BY subject LIMIT $1`, limit)
	subjects, err := collect(found, err, func(found pgx.Rows) (subject string, err error) {
		err = found.Scan(&subject)
		return subject, err
	})
	return subjects, wrap("unnumbered", err)
}

// SetNumbers gives worklist entries the numbers that they lack.
func (s *Store) SetNumbers(ctx context.Context, numbers map[string]string) error {
	return s.submit(ctx, &task{decide: func(_ context.Context, v *view, _ rows.Keys) error {
		maps.Copy(v.numbers, numbers)
		return nil
	}})
}

func (v *view) writeNumbers(batch *pgx.Batch) {
	if len(v.numbers) == 0 {
		return
	}
	subjects := slices.Sorted(maps.Keys(v.numbers))
	numbers := texts(len(subjects))
	for i, subject := range subjects {
		numbers[i] = v.numbers[subject]
	}
	batch.Queue(`UPDATE standings SET number = n.number FROM unnest($1::text[], $2::text[]) AS n (subject, number)
		WHERE standings.subject = n.subject AND standings.number = '' AND role <> 'officer'`, subjects, numbers)
}
