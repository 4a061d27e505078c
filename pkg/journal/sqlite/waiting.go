package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// Waiting returns matters that wait for units and of which the units have not been notified often
// enough.
func (s *Store) Waiting(ctx context.Context, asked journal.WaitingQuery) ([]journal.Waiting, error) {
	units := make([][2]string, 0, len(asked.Units))
	for _, unit := range asked.Units {
		units = append(units, [2]string{unit.Agency, unit.Unit})
	}
	among, err := json.Marshal(units)
	if err != nil {
		return nil, fmt.Errorf("sqlite: waiting: %w", err)
	}
	phases, err := json.Marshal(append([]int32{}, asked.Phases...))
	if err != nil {
		return nil, fmt.Errorf("sqlite: waiting: %w", err)
	}
	return query(ctx, s, scanWaiting, `WITH asked AS (SELECT json_extract(value, '$[0]') AS agency, json_extract(value, '$[1]') AS unit FROM json_each(?2))
SELECT w.agency, w.unit, w.subject, w.kind, w.urgency, w.due_at, COALESCE(t.told, 0), COALESCE(t.at, 0)
FROM (
	SELECT s.agency, s.unit, s.subject, s.urgency, s.due_at, CASE WHEN s.overdue THEN 2 ELSE 1 END AS kind FROM asked
	CROSS JOIN standings AS s ON s.agency = asked.agency AND s.unit || '' = asked.unit
	WHERE s.waiting_on = s.agency AND NOT s.ended AND NOT s.hidden AND (s.overdue OR s.phase IN (SELECT value FROM json_each(?1)))
	UNION ALL
	SELECT s.agency, s.unit, s.subject, s.urgency, s.due_at, 1 FROM asked
	CROSS JOIN standings AS s ON s.agency = asked.agency AND s.unit || '' = asked.unit
	WHERE s.role = 'participant' AND s.version = 1 AND NOT s.ended AND NOT s.hidden AND s.waiting_on <> s.agency
	UNION ALL
	SELECT s.agency, s.on_call, s.subject, s.urgency, s.on_call_at, 3 FROM asked
	CROSS JOIN standings AS s ON s.agency = asked.agency AND s.on_call = asked.unit
	WHERE s.on_call <> '' AND NOT s.ended AND NOT s.hidden
) AS w LEFT JOIN told AS t ON t.subject = w.subject AND t.agency = w.agency || CASE WHEN w.kind = 3 THEN ' on call' ELSE '' END AND t.kind = w.kind AND t.due_at = w.due_at
WHERE COALESCE(t.told, 0) < CASE WHEN w.kind <> 2 AND w.urgency = ?3 THEN 2 ELSE 1 END
ORDER BY w.urgency <> ?3, w.due_at, w.subject, w.agency
LIMIT ?4`, string(phases), string(among), asked.Twice, asked.Limit)
}

func scanWaiting(found *sql.Rows) (journal.Waiting, error) {
	var row journal.Waiting
	var due, at int64
	err := found.Scan(&row.Agency, &row.Unit, &row.Subject, &row.Kind, &row.Urgency, &due, &row.Told, &at)
	row.DueAt, row.ToldAt = rows.Time(due, rows.Never), rows.Time(at, 0)
	return row, err
}

// MarkNotified records one more notice for each.
func (s *Store) MarkNotified(ctx context.Context, notified []journal.Waiting, at time.Time) error {
	return s.submit(ctx, &task{apply: func(ctx context.Context, tx *sql.Tx, _ rows.Keys) error {
		for _, one := range notified {
			if _, err := tx.ExecContext(ctx, `INSERT INTO told (subject, agency, kind, due_at, told, at) VALUES (?, ?, ?, ?, 1, ?)
				ON CONFLICT (subject, agency) DO UPDATE SET kind = excluded.kind, due_at = excluded.due_at, at = excluded.at,
				told = CASE WHEN told.kind = excluded.kind AND told.due_at = excluded.due_at THEN told.told + 1 ELSE 1 END`,
				one.Subject, one.NotifiedAs(), int32(one.Kind), rows.Micros(one.DueAt, rows.Never), at.UnixMicro()); err != nil {
				return fmt.Errorf("sqlite: mark notified: %w", err)
			}
		}
		return nil
	}})
}
