package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// The most telling filter leads, so that its index is used: one subject, one
// client or case of an agency, one person at all of them, or the agency's worklist.
const (
	bySubject = `subject = ?2 AND (?1 = '' OR agency = ?1)`
	byClient  = `agency = ?1 AND client = ?6`
	byPerson  = `client = ?6 AND (?1 = '' OR agency = ?1)`
	byCase    = `agency = ?1 AND case_id = ?7`
	byAgency  = `agency = ?1`
	byHidden  = `agency = ?1 AND hidden AND NOT ended`
)

const standingColumns = `subject, agency, role, unit, worker, client, case_id, state, phase, waiting_on, due_at, overdue, hidden, ended, version, started_at, urgency, withdrawn_at`

// standingsQuery has parameters that are empty where they do not filter.
func standingsQuery(lead string) string {
	return `SELECT ` + standingColumns + `
FROM standings
WHERE ` + lead + ` AND (?2 = '' OR subject = ?2) AND (?3 = '' OR role = ?3)
	AND (?4 = '' OR unit = ?4) AND (?5 = '' OR worker = ?5) AND (?6 = '' OR client = ?6) AND (?7 = '' OR case_id = ?7)
	AND (?8 = '[]' OR state IN (SELECT value FROM json_each(?8)))
	AND (NOT ?9 OR overdue) AND (?10 OR NOT hidden) AND (NOT ?11 OR NOT ended) AND started_at >= ?12 AND (?19 = 0 OR withdrawn_at >= ?19)
	AND (NOT ?16 OR worker = '') AND (NOT ?17 OR waiting_on = agency) AND (NOT ?18 OR role <> 'sender' OR waiting_on = agency)
	AND (?13 = '' OR (due_at, subject) > (?14, ?13))
ORDER BY due_at, subject, agency
LIMIT ?15`
}

func leadOf(query journal.Query) string {
	switch {
	case query.HiddenOnly:
		return byHidden
	case query.Subject != "":
		return bySubject
	case query.Client != "" && query.Agency == "":
		return byPerson
	case query.Client != "":
		return byClient
	case query.Case != "":
		return byCase
	default:
		return byAgency
	}
}

// Standings reads a worklist.
func (s *Store) Standings(ctx context.Context, query journal.Query) ([]journal.Standing, error) {
	states, err := json.Marshal(append([]int32{}, query.States...))
	if err != nil {
		return nil, fmt.Errorf("sqlite: standings: %w", err)
	}
	after := journal.Position{}
	if query.After != nil {
		after = *query.After
	}
	found, err := s.read.QueryContext(ctx, standingsQuery(leadOf(query)),
		query.Agency, query.Subject, string(query.Role), query.Unit, query.Worker, query.Client, query.Case, string(states),
		query.OverdueOnly, query.WithHidden || query.HiddenOnly, query.OpenOnly, rows.Micros(query.StartedAfter, 0),
		after.Subject, rows.Micros(after.DueAt, rows.Never), limitOf(query.Limit), query.Unassigned, query.OwnTurn, query.ToDo, rows.Micros(query.WithdrawnAfter, 0))
	if err != nil {
		return nil, fmt.Errorf("sqlite: standings: %w", err)
	}
	standings, err := collect(found, scanStanding)
	if err != nil {
		return nil, fmt.Errorf("sqlite: standings: %w", err)
	}
	return standings, nil
}

func scanStanding(found *sql.Rows) (journal.Standing, error) {
	var row journal.Standing
	var due, started, withdrawn int64
	err := found.Scan(&row.Subject, &row.Agency, &row.Role, &row.Unit, &row.Worker, &row.Client, &row.Case, &row.State, &row.Phase,
		&row.WaitingOn, &due, &row.Overdue, &row.Hidden, &row.Ended, &row.Version, &started, &row.Urgency, &withdrawn)
	row.DueAt, row.StartedAt = rows.Time(due, rows.Never), rows.Time(started, 0)
	row.WithdrawnAt = rows.Time(withdrawn, 0)
	return row, err
}

// limitOf makes 0 no limit.
func limitOf(limit int) int {
	if limit == 0 {
		return -1
	}
	return limit
}
