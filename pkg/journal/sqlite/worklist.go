package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/statement"
)

const entryColumns = `subject, agency, role, unit, worker, client, case_id, state, phase, waiting_on, due_at, overdue, hidden, ended, version, started_at, urgency, withdrawn_at, touched, number, parts, second, marks, on_call, on_call_at`

var dialect = statement.Dialect{Columns: entryColumns, Parameter: func(int) string { return "?" }, Position: "instr"}

var worklist = statement.NewWorklist(dialect)

// WorklistEntries reads a worklist.
func (s *Store) WorklistEntries(ctx context.Context, asked journal.Query) ([]journal.WorklistEntry, error) {
	text, args := worklist.Entries(asked)
	entries, err := query(ctx, s, scanWorklistEntry, text, args...)
	if err != nil {
		return nil, fmt.Errorf("sqlite: worklist: %w", err)
	}
	return entries, nil
}

func scanWorklistEntry(found *sql.Rows) (journal.WorklistEntry, error) {
	var row journal.WorklistEntry
	var due, started, withdrawn, onCall int64
	err := found.Scan(&row.Subject, &row.Agency, &row.Role, &row.Unit, &row.Worker, &row.Client, &row.Case, &row.State, &row.Phase,
		&row.WaitingOn, &due, &row.Overdue, &row.Hidden, &row.Ended, &row.Version, &started, &row.Urgency, &withdrawn, &row.Touched, &row.Number, &row.Parts, &row.Second, &row.Marks, &row.OnCall, &onCall)
	row.DueAt, row.StartedAt = rows.Time(due, rows.Never), rows.Time(started, 0)
	row.WithdrawnAt, row.OnCallAt, row.Marks = rows.Time(withdrawn, 0), rows.Time(onCall, 0), max(0, row.Marks)
	return row, err
}
