package statement

import (
	"sync"

	"koppi.internal/pkg/journal"
)

// maxShapes is the most statements that are kept. The suite's own queries have fewer shapes.
const maxShapes = 512

// Worklist gives the statements that read worklists, and keeps their texts.
type Worklist struct {
	dialect Dialect

	mu    sync.Mutex
	built map[shape]built
}

// NewWorklist returns the statements in a dialect.
func NewWorklist(dialect Dialect) *Worklist {
	return &Worklist{dialect: dialect, built: map[shape]built{}}
}

// Entries returns the statement for a query, and its arguments.
func (w *Worklist) Entries(query journal.Query) (string, []any) {
	statement := w.of(query)
	args := make([]any, len(statement.arguments))
	for i, take := range statement.arguments {
		args[i] = take(query)
	}
	return statement.text, args
}

func (w *Worklist) of(query journal.Query) built {
	shape := shapeOf(query)
	w.mu.Lock()
	defer w.mu.Unlock()
	kept, known := w.built[shape]
	if !known {
		if len(w.built) >= maxShapes {
			clear(w.built)
		}
		kept = w.dialect.build(query)
		w.built[shape] = kept
	}
	return kept
}

// shape is all of a query that its statement's text depends on.
type shape struct {
	agency, subject, role, unit, worker, second, onCall, client, caseID, number bool
	overdueOnly, withHidden, hiddenOnly, openOnly, unassigned, ownTurn, toDo    bool
	startedAfter, withdrawnAfter, after, limit, readable, withNone              bool
	parts, none, clients, clientParts                                           int
	marks                                                                       int32
	states                                                                      string
}

func shapeOf(q journal.Query) shape {
	of := shape{
		agency: q.Agency != "", subject: q.Subject != "", role: q.Role != "", unit: q.Unit != "", worker: q.Worker != "",
		second: q.Second != "", onCall: q.OnCall != "", client: q.Client != "", caseID: q.Case != "", number: q.Number != "",
		overdueOnly: q.OverdueOnly, withHidden: q.WithHidden, hiddenOnly: q.HiddenOnly, openOnly: q.OpenOnly,
		unassigned: q.Unassigned, ownTurn: q.OwnTurn, toDo: q.ToDo,
		startedAfter: !q.StartedAfter.IsZero(), withdrawnAfter: !q.WithdrawnAfter.IsZero(), after: q.After != nil, limit: q.Limit > 0,
		marks: q.Marks, states: numbers(q.States),
	}
	if r := q.Readable; r != nil {
		of.readable, of.withNone = true, r.None != nil
		of.parts, of.none, of.clients, of.clientParts = len(r.Parts), len(r.None), len(r.Clients), len(r.ClientParts)
	}
	return of
}
