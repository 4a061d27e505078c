package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// Waiting returns matters that wait for units and of which the units have not been notified often
// enough. Where it is an agency's turn, the statement repeats the condition of standings_unit_to_do, which follows from
// waiting_on = agency: the planner uses the index only then.
func (s *Store) Waiting(ctx context.Context, asked journal.WaitingQuery) ([]journal.Waiting, error) {
	agencies, units := texts(len(asked.Units)), texts(len(asked.Units))
	for i, unit := range asked.Units {
		agencies[i], units[i] = unit.Agency, unit.Unit
	}
	found, err := s.read.Query(ctx, `SELECT w.agency, w.unit, w.subject, w.kind, w.urgency, w.due_at, COALESCE(t.told, 0), COALESCE(t.at, 0)
FROM (
	SELECT s.agency, s.unit, s.subject, s.urgency, s.due_at, CASE WHEN s.overdue THEN 2 ELSE 1 END AS kind
	FROM unnest($2::text[], $3::text[]) AS asked (agency, unit) CROSS JOIN LATERAL (
		SELECT * FROM standings WHERE standings.agency = asked.agency AND waiting_on = agency AND NOT ended AND NOT hidden
			AND (role <> 'sender' OR waiting_on = agency) AND (overdue OR phase = ANY($1::integer[])) AND unit = asked.unit OFFSET 0
	) AS s
	UNION ALL
	SELECT s.agency, s.unit, s.subject, s.urgency, s.due_at, 1
	FROM unnest($2::text[], $3::text[]) AS asked (agency, unit) CROSS JOIN LATERAL (
		SELECT * FROM standings WHERE standings.agency = asked.agency AND role = 'participant' AND version = 1 AND NOT ended AND NOT hidden
			AND waiting_on <> agency AND unit || '' = asked.unit OFFSET 0
	) AS s
	UNION ALL
	SELECT s.agency, s.on_call, s.subject, s.urgency, s.on_call_at, 3
	FROM unnest($2::text[], $3::text[]) AS asked (agency, unit) CROSS JOIN LATERAL (
		SELECT * FROM standings WHERE standings.agency = asked.agency AND on_call = asked.unit AND on_call <> '' AND NOT ended AND NOT hidden OFFSET 0
	) AS s
) AS w
LEFT JOIN told t ON t.subject = w.subject AND t.agency = w.agency || CASE WHEN w.kind = 3 THEN ' on call' ELSE '' END AND t.kind = w.kind AND t.due_at = w.due_at
WHERE COALESCE(t.told, 0) < CASE WHEN w.kind <> 2 AND w.urgency = $4 THEN 2 ELSE 1 END
ORDER BY w.urgency <> $4, w.due_at, w.subject, w.agency
LIMIT $5`, append([]int32{}, asked.Phases...), agencies, units, asked.Twice, asked.Limit)
	waiting, err := collect(found, err, scanWaiting)
	return waiting, wrap("waiting", err)
}

func scanWaiting(found pgx.Rows) (journal.Waiting, error) {
	var row journal.Waiting
	var due, at int64
	err := found.Scan(&row.Agency, &row.Unit, &row.Subject, &row.Kind, &row.Urgency, &due, &row.Told, &at)
	row.DueAt, row.ToldAt = rows.Time(due, rows.Never), rows.Time(at, 0)
	return row, err
}

// notifiedRow is a notice that a unit was sent, and when.
type notifiedRow struct {
	journal.Waiting
	at time.Time
}

// MarkNotified records one more notice for each.
func (s *Store) MarkNotified(ctx context.Context, notified []journal.Waiting, at time.Time) error {
	return s.submit(ctx, &task{decide: func(_ context.Context, v *view, _ rows.Keys) error {
		for _, one := range notified {
			v.notified = append(v.notified, notifiedRow{one, at})
		}
		return nil
	}})
}

func (v *view) writeNotified(batch *pgx.Batch) {
	for _, one := range v.notified {
		batch.Queue(`INSERT INTO told (subject, agency, kind, due_at, told, at) VALUES ($1, $2, $3, $4, 1, $5)
			ON CONFLICT (subject, agency) DO UPDATE SET kind = excluded.kind, due_at = excluded.due_at, at = excluded.at,
			told = CASE WHEN told.kind = excluded.kind AND told.due_at = excluded.due_at THEN told.told + 1 ELSE 1 END`,
			one.Subject, one.NotifiedAs(), int32(one.Kind), rows.Micros(one.DueAt, rows.Never), one.at.UnixMicro())
	}
}
