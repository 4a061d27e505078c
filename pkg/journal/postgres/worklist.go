package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/statement"
)

const entryColumns = `subject, agency, role, unit, worker, client, case_id, state, phase, waiting_on, due_at, overdue, hidden, ended, version, started_at, urgency, withdrawn_at, touched, number, parts, second, marks, on_call, on_call_at`

var dialect = statement.Dialect{Columns: entryColumns, Parameter: func(n int) string { return "$" + strconv.Itoa(n) }, Position: "strpos"}

var worklist = statement.NewWorklist(dialect)

// WorklistEntries reads a worklist. A small read shares its round trip with the lookups of other
// callers.
func (s *Store) WorklistEntries(ctx context.Context, query journal.Query) ([]journal.WorklistEntry, error) {
	text, args := worklist.Entries(query)
	switch statement.LeadOf(query) {
	case statement.BySubject, statement.ByClient, statement.ByCase, statement.ByNumber:
		entries, err := look(ctx, s.lookups, scanWorklistEntry, text, args...)
		return entries, wrap("worklist", err)
	}
	found, err := s.read.Query(ctx, text, args...)
	entries, err := collect(found, err, scanWorklistEntry)
	return entries, wrap("worklist", err)
}

func scanWorklistEntry(found pgx.Rows) (journal.WorklistEntry, error) {
	// One variable, so that a row is one allocation.
	var row struct {
		journal.WorklistEntry

		due, started, withdrawn, onCall int64
	}
	err := found.Scan(&row.Subject, &row.Agency, &row.Role, &row.Unit, &row.Worker, &row.Client, &row.Case, &row.State, &row.Phase,
		&row.WaitingOn, &row.due, &row.Overdue, &row.Hidden, &row.Ended, &row.Version, &row.started, &row.Urgency, &row.withdrawn, &row.Touched, &row.Number, &row.Parts, &row.Second, &row.Marks, &row.OnCall, &row.onCall)
	row.DueAt, row.StartedAt = rows.Time(row.due, rows.Never), rows.Time(row.started, 0)
	row.WithdrawnAt, row.OnCallAt, row.Marks = rows.Time(row.withdrawn, 0), rows.Time(row.onCall, 0), max(0, row.Marks)
	return row.WorklistEntry, err
}
