package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

const standingColumns = `subject, agency, role, unit, worker, client, case_id, state, phase, waiting_on, due_at, overdue, hidden, ended, version, started_at, urgency, withdrawn_at`

// Standings reads a worklist. Only filters that filter are in the statement, so
// that the planner sees which index serves.
func (s *Store) Standings(ctx context.Context, query journal.Query) ([]journal.Standing, error) {
	var conditions []string
	var args []any
	where := func(condition string, values ...any) {
		numbers := make([]any, 0, len(values))
		for _, value := range values {
			args = append(args, value)
			numbers = append(numbers, len(args))
		}
		conditions = append(conditions, fmt.Sprintf(condition, numbers...))
	}
	// The most telling filter leads, by its index. The others are written so that no
	// index serves them: a planner without statistics would else take the worklist,
	// only because that comes sorted.
	lead := leadOf(query)
	for _, filter := range [][2]string{
		{"agency", query.Agency},
		{"subject", query.Subject},
		{"client", query.Client},
		{"case_id", query.Case},
		{"role", string(query.Role)},
		{"unit", query.Unit},
		{"worker", query.Worker},
	} {
		switch {
		case filter[1] == "":
		case lead == "agency" || lead == filter[0]:
			where(filter[0]+" = $%d", filter[1])
		default:
			where(filter[0]+" || '' = $%d", filter[1])
		}
	}
	if len(query.States) > 0 {
		where("state = ANY($%d)", query.States)
	}
	if query.OverdueOnly {
		where("overdue")
	}
	if query.HiddenOnly {
		where("hidden AND NOT ended")
	} else if !query.WithHidden {
		where("NOT hidden")
	}
	if query.OpenOnly {
		where("NOT ended")
	}
	if query.Unassigned {
		where("worker = ''")
	}
	if query.OwnTurn {
		where("waiting_on = agency")
	}
	if query.ToDo {
		where("(role <> 'sender' OR waiting_on = agency)")
	}
	if !query.StartedAfter.IsZero() {
		where("started_at >= $%d", query.StartedAfter.UnixMicro())
	}
	if !query.WithdrawnAfter.IsZero() {
		where("withdrawn_at >= $%d", query.WithdrawnAfter.UnixMicro())
	}
	if query.After != nil {
		where("(due_at, subject) > ($%d, $%d)", rows.Micros(query.After.DueAt, rows.Never), query.After.Subject)
	}
	conditions = append(conditions, "true")
	args = append(args, limitOf(query.Limit))
	statement := fmt.Sprintf(`SELECT %s FROM standings WHERE %s ORDER BY due_at, subject, agency LIMIT $%d`,
		standingColumns, strings.Join(conditions, " AND "), len(args))
	if lead != "agency" {
		standings, err := look(ctx, s.lookups, scanStanding, statement, args...)
		return standings, wrap("standings", err)
	}
	found, err := s.read.Query(ctx, statement, args...)
	standings, err := collect(found, err, scanStanding)
	return standings, wrap("standings", err)
}

func leadOf(query journal.Query) string {
	switch {
	case query.Subject != "":
		return "subject"
	case query.Client != "":
		return "client"
	case query.Case != "":
		return "case_id"
	default:
		return "agency"
	}
}

func scanStanding(found pgx.Rows) (journal.Standing, error) {
	var row journal.Standing
	var due, started, withdrawn int64
	err := found.Scan(&row.Subject, &row.Agency, &row.Role, &row.Unit, &row.Worker, &row.Client, &row.Case, &row.State, &row.Phase,
		&row.WaitingOn, &due, &row.Overdue, &row.Hidden, &row.Ended, &row.Version, &started, &row.Urgency, &withdrawn)
	row.DueAt, row.StartedAt = rows.Time(due, rows.Never), rows.Time(started, 0)
	row.WithdrawnAt = rows.Time(withdrawn, 0)
	return row, err
}
