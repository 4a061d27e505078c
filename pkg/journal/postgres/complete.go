package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// Incomplete returns subjects of which a version before wrote a worklist entry, without a number, parts or marks.
func (s *Store) Incomplete(ctx context.Context, limit int) ([]string, error) {
	found, err := s.read.Query(ctx, `SELECT DISTINCT subject FROM standings WHERE (number = '' OR parts = '' OR marks < 0) AND role <> 'officer' ORDER BY subject LIMIT $1`, limit)
	subjects, err := collect(found, err, func(found pgx.Rows) (subject string, err error) {
		err = found.Scan(&subject)
		return subject, err
	})
	return subjects, wrap("incomplete", err)
}

// Complete gives worklist entries what they lack.
func (s *Store) Complete(ctx context.Context, missing ...journal.Completion) error {
	return s.submit(ctx, &task{decide: func(_ context.Context, v *view, _ rows.Keys) error {
		v.completions = append(v.completions, missing...)
		return nil
	}})
}

func (v *view) writeCompletions(batch *pgx.Batch) {
	if len(v.completions) == 0 {
		return
	}
	var subjects, numbers, of, agencies, parts, marked, by []string
	var marks []int32
	for _, one := range v.completions {
		subjects, numbers = append(subjects, one.Subject), append(numbers, one.Number)
		for _, agency := range slices.Sorted(maps.Keys(one.Parts)) {
			of, agencies, parts = append(of, one.Subject), append(agencies, agency), append(parts, one.Parts[agency])
		}
		for _, agency := range slices.Sorted(maps.Keys(one.Marks)) {
			marked, by, marks = append(marked, one.Subject), append(by, agency), append(marks, one.Marks[agency])
		}
	}
	batch.Queue(`UPDATE standings SET number = n.number FROM unnest($1::text[], $2::text[]) AS n (subject, number)
		WHERE standings.subject = n.subject AND length(standings.number) = 0 AND role <> 'officer'`, subjects, numbers)
	batch.Queue(`UPDATE standings SET parts = p.parts FROM unnest($1::text[], $2::text[], $3::text[]) AS p (subject, agency, parts)
		WHERE standings.subject = p.subject AND standings.agency = p.agency AND standings.parts = '' AND role <> 'officer'`, of, agencies, parts)
	batch.Queue(`UPDATE standings SET marks = m.marks FROM unnest($1::text[], $2::text[], $3::integer[]) AS m (subject, agency, marks)
		WHERE standings.subject = m.subject AND standings.agency = m.agency AND standings.marks < 0 AND role <> 'officer'`, marked, by, marks)
	batch.Queue(`UPDATE standings SET marks = 0 WHERE subject = ANY($1) AND marks < 0 AND role <> 'officer'`, subjects)
	batch.Queue(`UPDATE standings SET parts = ' ' WHERE subject = ANY($1) AND parts = '' AND role <> 'officer'`, subjects)
}
